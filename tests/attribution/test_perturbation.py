"""Words, offsets, tables and HTML of an attribution."""

import re
from html import unescape

import numpy as np
import pytest

import interp_core as ic
from tests.attribution_models import headed

TEXTS = (
    "The café  was not bad 😀 at all…",
    "  naïve  Zoë's  film: 日本語 and 👩‍👩‍👧 again",
    "unhappiest actors didn't",
    "Une crème brûlée\nà la carte\t!",
)
MODELS = ("bert-2-labels", "electra", "gpt2", "llama", "roberta-2-labels", "albert", "t5")


@pytest.fixture
def explained(tiny_model):
    def of(name, text, **options):
        model = headed(name) if name == "roberta-2-labels" else tiny_model(name)
        if model.task == "encoder":
            return ic.zero_shot(model, text, ["river", "film"], **options)
        return ic.attribute(model, text, **options)

    return of


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("text", TEXTS)
def test_word_scores_are_sums_of_their_pieces_and_offsets_find_the_word(explained, name, text):
    pieces = explained(name, text, evaluations=4)
    words = pieces.by_word()
    assert words.scores.sum() == pytest.approx(pieces.scores.sum(), abs=1e-9)
    for word, score, name_, span in zip(words.word_ids, words.scores, words.tokens, words.offsets):
        if word is None:
            continue
        members = [i for i, each in enumerate(pieces.word_ids) if each == word]
        assert score == pytest.approx(pieces.scores[members].sum(), abs=1e-12)
        assert text[span[0] : span[1]].strip() == name_.strip() or not text[slice(*span)].strip()
        for member in members:
            start, end = pieces.offsets[member]
            assert span[0] <= start <= end <= span[1]
    assert words.pieces is pieces
    assert words.by_word() is words


@pytest.mark.parametrize("name", ["gpt2", "roberta-2-labels", "bert-2-labels"])
def test_every_word_of_the_text_is_found_once(explained, name):
    words = explained(name, "The café  was strange 😀 again", evaluations=4).by_word()
    found = [each.strip() for each, mark in zip(words.tokens, words.special) if not mark]
    assert [each for each in found if each] == ["The", "café", "was", "strange", "😀", "again"]


def test_word_methods_share_a_words_score_among_its_pieces(explained):
    result = explained("bert-2-labels", "The unhappiest actors", method="occlusion")
    for word in {each for each in result.word_ids if each is not None}:
        members = [i for i, each in enumerate(result.word_ids) if each == word]
        assert np.ptp(result.scores[members]) == 0


def test_pairs_keep_their_segments(explained):
    first, second = "The café was strange.", "The café was not strange."
    result = explained("bert-2-labels", first, text_pair=second, evaluations=4)
    frame = result.by_word().to_frame()
    for row in frame[~frame["special"]].itertuples():
        assert (first, second)[row.segment][row.start : row.end].lower() == row.token.lower()
    assert set(frame["segment"].dropna()) == {0, 1}


def test_frame_has_a_row_for_each_token(explained):
    result = explained("bert-2-labels", "The unhappiest actors", evaluations=4)
    frame = result.to_frame()
    assert list(frame.columns) == [
        "index",
        "token",
        "score",
        "special",
        "word",
        "segment",
        "start",
        "end",
    ]
    assert list(frame["token"]) == result.tokens
    np.testing.assert_array_equal(frame["score"], result.scores)
    assert frame.loc[0, "special"]
    assert frame["start"].isna()[0]


def plain(html):
    return unescape(re.sub("<[^>]*>", "", html))


def test_html_lets_nothing_of_the_text_act(explained):
    text = "<script>alert('x')</script> & \"quoted\" <b>bold</b>"
    for name in ("bert-2-labels", "gpt2", "roberta-2-labels"):
        result = explained(name, text, evaluations=4)
        for html in (result.to_html(), result.by_word().to_html()):
            inner = html.removeprefix("<div").removesuffix("</div>")
            tags = {each.split(">")[0].split(" ")[0] for each in inner.split("<")[1:]}
            assert tags == {"span", "/span"}
        assert text in plain(result.by_word().to_html())


def test_html_shows_the_text_and_tells_signs_apart(explained):
    result = explained("roberta-2-labels", "The café  was strange 😀")
    html = result.to_html()
    assert "The café  was strange 😀" in plain(result.by_word().to_html())
    assert html.count("solid rgb(0, 114, 178)") == int((result.scores > 0).sum())
    assert html.count("dotted rgb(213, 94, 0)") == int((result.scores < 0).sum())
