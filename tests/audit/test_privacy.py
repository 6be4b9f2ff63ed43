"""Personal data: check digits, placeholders, and a classifier that reads telephone numbers."""

from __future__ import annotations

import numpy as np
import pytest

import interp_core as ic
from interp_core.audit.personal_data import found_by_model, iban, luhn, masked, personal_data
from interp_core.audit.privacy import ALL, measure_privacy

TEXT = (
    "Mr Smith (anna.b+x@mail.example.org, +44 20 7946 0958) paid with 4111 1111 1111 1111 on "
    "3 May 2021 from GB82 WEST 1234 5698 7654 32 at 12 Long Acre Street in Paris."
)


def test_every_kind_is_found_once_with_its_place():
    found = {each.kind: TEXT[each.start : each.end] for each in personal_data(TEXT)}
    assert found == {
        "name": "Mr Smith",
        "e-mail": "anna.b+x@mail.example.org",
        "telephone": "+44 20 7946 0958",
        "card": "4111 1111 1111 1111",
        "date": "3 May 2021",
        "account": "GB82 WEST 1234 5698 7654 32",
        "address": "12 Long Acre Street",
        "place": "Paris",
    }


@pytest.mark.parametrize(
    "text",
    ["Order 4111 1111 1111 1112", "GB83 WEST 1234 5698 7654 32", "I paid 1,200 for 3 of 12."],
)
def test_wrong_check_digits_and_plain_numbers_are_no_card_or_account(text):
    assert not {each.kind for each in personal_data(text)} & {"card", "account", "date", "address"}


def test_a_date_of_many_digits_is_no_telephone_number():
    assert [each.kind for each in personal_data("on 12/26/2018, or 020 7946 0958")] == [
        "date",
        "telephone",
    ]


def test_check_digits_of_published_examples():
    assert luhn("79927398713".rjust(13, "0"))  # the example of the standard's algorithm
    assert luhn("5500005555555559")
    assert not luhn("5500005555555558")
    assert iban("DE89 3704 0044 0532 0130 00")
    assert iban("FR14 2004 1010 0505 0001 3M02 606")
    assert not iban("DE89 3704 0044 0532 0130 01")


def test_long_hostile_texts_are_searched_in_time_that_grows_with_them():
    for text in ("1 " * 20_000, "a" * 40_000 + "@", "A1" * 20_000, "1-" * 20_000, "John " * 8_000):
        personal_data(text)


def test_masking_keeps_the_rest_of_the_text():
    assert masked("abcdef", [(4, 5, "Y"), (1, 3, "X")]) == "aXdYf"


PHONE = "Ring 020 7946 095{digit} about the {word} letter and the other question."
TEXTS = [
    PHONE.format(digit=digit, word=word)
    for digit in range(8)
    for word in ("first", "second", "third")
]
WORDS = {"ring": 0.1, "letter": 0.1, "question": 0.05, "other": 0.1, "first": 0.1, "about": 0.0}


def test_a_classifier_that_reads_telephone_numbers_is_found_out(words_model):
    fair = measure_privacy(words_model(WORDS), TEXTS).kinds.set_index("kind").loc["telephone"]
    reads = measure_privacy(words_model({**WORDS, "7946": -2.0}), TEXTS)
    row = reads.kinds.set_index("kind").loc["telephone"]
    assert fair["flips"] == 0
    assert fair["change"] == pytest.approx(0, abs=1e-12)
    assert row["flips"] == 1
    assert row["q"] < 0.01
    assert row["change"] > 5 * row["control change"]
    assert reads.kinds["kind"].tolist() == ["telephone", ALL]
    assert next(each for each in reads.figures() if each.key == "privacy.telephone").significant


def test_the_change_is_that_of_the_answer_computed_by_hand(words_model):
    found = measure_privacy(words_model({"7946": -2.0}), TEXTS[:1])
    # Probability of "negative": 1 / (1 + e^−4) before, one half after.
    assert found.rows["change"].tolist() == pytest.approx([0.5 - 1 / (1 + np.exp(-4))])
    assert found.rows["answer"].tolist() == ["negative"]


def test_no_text_is_kept(words_model):
    found = measure_privacy(words_model(WORDS), TEXTS)
    told = repr(found) + found.rows.to_csv() + found.kinds.to_csv()
    assert "7946" not in told
    assert "letter" not in told
    assert found.spans[0] == {"personal data": [(5, 18)]}


def test_texts_without_personal_data_are_refused_in_words(words_model):
    with pytest.raises(ic.NothingFound, match="No personal data"):
        measure_privacy(words_model(WORDS), ["Nothing to see here."])


def test_a_tagger_of_ones_own_finds_more():
    slots = ic.load_model("slots")
    text = "play something by johnny cash in nowhereville"
    (found,) = found_by_model(slots, [text])
    assert ("name", "johnny cash") in {(each.kind, text[each.start : each.end]) for each in found}
    with pytest.raises(ic.UnsupportedModel, match="label words"):
        found_by_model(ic.load_model("sentiment"), [text])
