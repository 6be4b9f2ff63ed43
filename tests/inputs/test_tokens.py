"""Tokens are readable, and their words and offsets point at the right characters of the text."""

import numpy as np
import pytest

import interp_core as ic
from interp_core.inputs.tokens import encode
from interp_core.inputs.vocabulary import readable
from tests.tiny import FAMILIES, POSITIONS, TEXT, WITHOUT_MAPS

# One family for each kind of tokenizer.
KINDS = ["bert", "gpt2", "roberta", "t5", "albert", "llama"]
READERS = [name for name in FAMILIES if name not in ("vit", *WITHOUT_MAPS)]

# A text and its words, by eye.
WORDS = {
    "contractions": ("She didn't, it's odd", ["She", "didn't", ",", "it's", "odd"]),
    "curly apostrophe": ("they don’t", ["they", "don’t"]),
    "accents": ("a café à la crème", ["a", "café", "à", "la", "crème"]),
    "combining marks": ("a cafe\u0301 here", ["a", "cafe\u0301", "here"]),
    "double spaces": ("not  bad   at all", ["not", "bad", "at", "all"]),
    "emoji": ("good 😀 film 👍🏽!", ["good", "😀", "film", "👍🏽", "!"]),
    "joined emoji": ("the 👩‍👩‍👧 here", ["the", "👩‍👩‍👧", "here"]),
    "right to left": ("שלום עולם again", ["שלום", "עולם", "again"]),
    "punctuation": ("what?! (no)", ["what", "?", "!", "(", "no", ")"]),
}
SPREAD_UNKNOWN = {("t5", "punctuation"), ("albert", "punctuation")}  # one <unk> spans two signs


def sequence(model, *texts):
    return encode(model, *texts).sequence


def words(found):
    numbers = dict.fromkeys(number for number in found.word_ids if number is not None)
    return [found.word_text(number) for number in numbers]


# ------------------------------------------------------------------------------------ readable


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("Ã©", "é"),
        ("Ġcaf", "▁caf"),
        ("Ċ", "↵"),
        ("ĉ", "⇥"),
        ("č", "␍"),
        ("Ä", "⟨C4⟩"),
        ("ðŁĺĢ", "😀"),
        ("ðŁ", "⟨F0 9F⟩"),
        ("æĹ¥", "日"),
        ("Ã©Ċ", "é↵"),
        ("<|endoftext|>", "<|endoftext|>"),
        ("▁é", "▁é"),  # not in the byte alphabet: an added token, shown as it is
        ("", "∅"),
    ],
)
def test_byte_level_tokens_are_shown_as_the_text_they_stand_for(token, shown):
    assert readable(token, byte_level=True) == shown


@pytest.mark.parametrize(
    ("token", "shown"),
    [
        ("<0x0A>", "↵"),
        ("<0x09>", "⇥"),
        ("<0x41>", "A"),
        ("<0xF0>", "⟨F0⟩"),
        ("Ã©", "Ã©"),  # in a vocabulary that is not byte-level this IS two letters
        ("##ing", "##ing"),
        ("▁word", "▁word"),
        ("[CLS]", "[CLS]"),
    ],
)
def test_other_tokens_are_shown_as_they_are_spelled(token, shown):
    assert readable(token, byte_level=False) == shown


def test_every_byte_of_a_byte_level_vocabulary_decodes_to_itself():
    from tokenizers import decoders

    from interp_core.inputs.vocabulary import byte_alphabet

    reference = decoders.ByteLevel()
    for character, byte in byte_alphabet().items():
        if byte < 128:
            assert reference.decode([character]) == chr(byte)
    assert sorted(byte_alphabet().values()) == list(range(256))


@pytest.mark.parametrize("family", ["gpt2", "roberta", "llama"])
def test_new_lines_and_tabs_are_shown_as_signs(tiny_model, family):
    tokens = sequence(tiny_model(family), "a\n\tb").tokens
    assert [token for token in tokens if token in "↵⇥"] == ["↵", "⇥"]
    assert not {"Ċ", "ĉ", "<0x0A>", "<0x09>"} & set(tokens)


@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_bytes_of_an_unknown_character_are_shown_as_bytes_and_make_one_word(tiny_model, family):
    found = sequence(tiny_model(family), "an 😀")
    smile = [place for place, token in enumerate(found.tokens) if token.startswith("⟨")]
    assert [found.tokens[place] for place in smile] == ["⟨F0⟩", "⟨9F⟩", "⟨98⟩", "⟨80⟩"]
    assert {found.offsets[place] for place in smile} == {(3, 4)}
    assert len({found.word_ids[place] for place in smile}) == 1


# ---------------------------------------------------------------------------- words and offsets


@pytest.mark.parametrize("case", WORDS)
@pytest.mark.parametrize("family", KINDS)
def test_words_are_those_a_reader_sees(tiny_model, family, case):
    if (family, case) in SPREAD_UNKNOWN:
        pytest.skip("the tokenizer reads two signs as one unknown token")
    text, expected = WORDS[case]
    assert words(sequence(tiny_model(family), text)) == expected


# Writing without spaces: the words as dictionaries have them, or tokens where nothing tells them.
UNSPACED = {
    "Thai": ("ฉันรักแมวมาก", ["ฉัน", "รัก", "แมว", "มาก"], "segments"),
    "Thai with spaces between phrases": (
        "วันนี้ดี แต่เย็น",
        ["วัน", "นี้", "ดี", "แต่", "เย็น"],
        "segments",
    ),
    "simplified Chinese": ("今天天气很好。", ["今天", "天气", "很", "好", "。"], "segments"),
    "traditional Chinese": (
        "這部電影一點也不差",
        ["這", "部", "電影", "一點", "也", "不差"],
        "segments",
    ),
    "Japanese": ("私は猫が好きです", ["私", "は", "猫", "が", "好き", "です"], "segments"),
    "Japanese in katakana": ("ラーメンを食べたい", ["ラーメン", "を", "食べ", "たい"], "segments"),
    "English with a Chinese phrase": (
        "I like 北京烤鸭 much!",
        ["I", "like", "北京", "烤鸭", "much", "!"],
        "words and segments",
    ),
    "Thai with an English word": (
        "ผมใช้iPhoneทุกวัน",
        ["ผม", "ใช้", "iPhone", "ทุก", "วัน"],
        "words and segments",
    ),
    "Chinese with a number": (
        "我在2024年买",
        ["我", "在", "2024", "年", "买"],
        "words and segments",
    ),
    "nucleotides": ("ATGCGTACGTTAGC", None, "tokens"),
    "nucleotides among words": ("gene ATGCGTACGTTAGC here", None, "words and tokens"),
    "Lao": ("ຂ້ອຍຮັກແມວ", None, "tokens"),
    "Khmer": ("ខ្ញុំស្រលាញ់ឆ្មា", None, "tokens"),
    "Burmese": ("ကြောင်ကို", None, "tokens"),
}
SPACED = [
    "a link https://example.org/a/b?c=d",
    "🇩🇪🇫🇷 👩‍👩‍👧",
    "안녕하세요 세계",
    "ATG CGT",
    "Donaudampfschifffahrtsgesellschaftskapitän",
]


@pytest.mark.parametrize("case", UNSPACED)
@pytest.mark.parametrize("family", ["gpt2", "llama"])
def test_writing_without_spaces_has_words_too(tiny_model, family, case):
    text, expected, units = UNSPACED[case]
    found = sequence(tiny_model(family), text)
    assert found.units == units
    if expected is not None:
        assert words(found) == expected
        return
    # Each token is a word of its own; the bytes of one character stay together.
    letters = [w for w in words(found) if w not in ("gene", "here", "see")]
    assert len(letters) > 3
    assert "".join(words(found)) == text.replace(" ", "")


@pytest.mark.parametrize("text", SPACED)
def test_words_with_spaces_are_called_words(tiny_model, text):
    assert sequence(tiny_model("gpt2"), text).units == "words"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("iPhone手機", ["iPhone", "手機"]),
        ("か\u3099き", ["か\u3099き"]),
        ("می\u200cخواهم", ["می\u200cخواهم"]),
        ("🇩🇪🇫🇷", ["🇩🇪", "🇫🇷"]),
        ("❤️!", ["❤️", "!"]),
        ("1️⃣ a", ["1️⃣", "a"]),
        ("x_y 3.5", ["x_y", "3", ".", "5"]),
    ],
)
def test_word_boundaries_of_scripts_and_signs(text, expected):
    from interp_core.inputs.words import find_words

    assert [text[word.start : word.end] for word in find_words(text)] == expected


def test_a_string_that_no_language_has_as_a_word_is_read_token_by_token():
    from interp_core.inputs.words import units_of

    assert units_of(("see " + "k7xQ" * 30,)) == "words and tokens"
    assert units_of(("see https://example.org/" + "a/b?c=d&" * 30,)) == "words"


@pytest.mark.parametrize("case", WORDS)
@pytest.mark.parametrize("family", KINDS)
def test_offsets_cover_every_visible_character_in_order(tiny_model, family, case):
    text = WORDS[case][0]
    found = sequence(tiny_model(family), text)
    spans = [span for span in found.offsets if span is not None]
    covered = {place for start, end in spans for place in range(start, end)}
    assert {place for place, c in enumerate(text) if not c.isspace()} <= covered
    assert spans == sorted(spans)
    assert all(0 <= start <= end <= len(text) for start, end in spans)


def test_offsets_cut_the_token_out_of_the_text(tiny_model):
    text = "A café, 😀 doing"
    found = sequence(tiny_model("bert"), text)
    for token, span in zip(found.tokens, found.offsets):
        if span is not None:
            assert text[slice(*span)].lower() == token.removeprefix("##")
    assert found.offsets[2] == (2, 6)  # café


@pytest.mark.parametrize("family", KINDS)
def test_pairs_number_their_words_on_and_point_into_their_own_text(tiny_model, family):
    first, second = "the plot", "the plot"
    found = sequence(tiny_model(family), first, second)
    assert words(found) == ["the", "plot", "the", "plot"]
    assert found.texts == (first, second)
    for place, segment in enumerate(found.segments):
        assert (segment is None) == bool(found.special[place]) == (found.word_ids[place] is None)
    starts = [o for o, s in zip(found.offsets, found.segments) if s == 1]
    assert starts[0][0] == 0
    assert starts[-1][1] == len(second)


@pytest.mark.parametrize("family", ["t5", "albert", "llama", "gpt2"])
def test_a_piece_that_only_says_space_belongs_to_the_word_behind_it(tiny_model, family):
    found = sequence(tiny_model(family), "a strange unhappiness")
    lone = [place for place, token in enumerate(found.tokens) if token == "▁"]
    assert lone
    assert all(found.word_ids[place] == found.word_ids[place + 1] for place in lone)


def test_special_tokens_that_the_user_types_are_words(tiny_model):
    found = sequence(tiny_model("bert"), "the [MASK] looks")
    assert found.tokens == ("[CLS]", "the", "[MASK]", "looks", "[SEP]")
    assert found.special.tolist() == [True, False, False, False, True]
    assert words(found) == ["the", "[MASK]", "looks"]


@pytest.mark.parametrize("family", READERS)
def test_ids_are_those_of_the_tokenizer(tiny_model, family):
    model = tiny_model(family)
    found = sequence(model, TEXT)
    assert found.ids.tolist() == model.tokenizer(TEXT)["input_ids"]
    assert len(found) == len(found.ids) == len(found.offsets) == len(found.segments)


# ------------------------------------------------------------------------------------ bad input


@pytest.mark.parametrize("text", ["", "   ", "\n\t ", "\u3000"])
@pytest.mark.parametrize("family", ["bert", "gpt2", "t5"])
def test_empty_text_is_refused_in_words(tiny_model, family, text):
    with pytest.raises(ic.BadInput, match=r"empty\. Enter a word"):
        ic.attention_maps(tiny_model(family), text)


@pytest.mark.parametrize("text", ["\0", "\u200b\u200b"])
def test_text_of_which_the_tokenizer_keeps_nothing_is_refused(tiny_model, text):
    with pytest.raises(ic.BadInput, match="finds no tokens"):
        ic.attention_maps(tiny_model("bert"), text)


@pytest.mark.parametrize("family", KINDS)
def test_nul_within_a_text_is_no_harm(tiny_model, family):
    maps = ic.attention_maps(tiny_model(family), "a\0 model")
    np.testing.assert_allclose(maps.weights.sum(-1), 1, atol=1e-5)


@pytest.mark.parametrize("family", ["bert", "gpt2", "t5"])
def test_half_a_character_is_refused_with_its_position(tiny_model, family):
    with pytest.raises(ic.BadInput, match=r"lone surrogate.*position 3"):
        ic.attention_maps(tiny_model(family), "abc\ud83d def")


@pytest.mark.parametrize("wrong", [None, 7, b"bytes", ["a", "list"], float("nan")])
def test_what_is_no_string_is_refused_with_its_type(tiny_model, wrong):
    with pytest.raises(ic.BadInput, match=f"must be a string, not {type(wrong).__name__}"):
        ic.attention_maps(tiny_model("bert"), wrong)


def test_the_second_text_is_checked_as_the_first(tiny_model):
    with pytest.raises(ic.BadInput, match="second text is empty"):
        ic.attention_maps(tiny_model("bert"), "a model", " ")


@pytest.mark.parametrize("family", ["bert", "roberta", "gpt2", "llama", "t5", "bart"])
def test_ten_thousand_words_are_refused_with_the_length_that_fits(tiny_model, family):
    model = tiny_model(family)
    with pytest.raises(ic.InputTooLong, match=rf"at most {model.max_tokens}. Shorten it to about"):
        ic.attention_maps(model, "word " * 10_000)


def test_the_longest_text_that_fits_is_read_and_one_token_more_is_not(tiny_model):
    model = tiny_model("bert")
    assert len(ic.attention_maps(model, "the " * (POSITIONS - 2)).tokens) == POSITIONS
    with pytest.raises(ic.InputTooLong, match="65 tokens"):
        ic.attention_maps(model, "the " * (POSITIONS - 1))


def test_roberta_counts_positions_behind_its_padding_index(tiny_model):
    """Its table has 66 rows, of which positions 0 and 1 (padding_idx = 1) hold no token."""
    model = tiny_model("roberta")
    assert model.model.config.max_position_embeddings == 66
    assert model.max_tokens == 64
    text = "w" + "w" * 61  # 62 pieces between <s> and </s>
    assert len(ic.attention_maps(model, text).tokens) == 64
    with pytest.raises(ic.InputTooLong):
        ic.attention_maps(model, text + "w")


@pytest.mark.parametrize("family", ["opt", "bart"])
def test_families_with_extra_rows_in_their_table_keep_their_full_length(tiny_model, family):
    assert tiny_model(family).max_tokens == POSITIONS


def test_vision_models_have_no_text(tiny_model):
    with pytest.raises(ic.UnsupportedModel, match="reads images"):
        encode(tiny_model("vit"), "a text")
