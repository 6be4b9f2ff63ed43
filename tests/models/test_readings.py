"""What a checkpoint is read as, the target's language, scores that are no weights, and tokenizers
without a fast version or without names for their special tokens."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
import transformers as tf

import interp_core as ic
from interp_core.inputs.pieces import piece_spans
from interp_core.models.tasks import find_task, readings
from tests.tiny import POSITIONS, SMALL, TEXT, _liven
from tests.tiny_more import T5, XLNET
from tests.tiny_tokenizers import albert_unigram, byte_level, unigram, wordpiece
from tests.translators import TRANSLATORS, translator


def saved(folder, model, tokenizer):
    _liven(model)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def words_of(maps):
    return maps.by_word().tokens


# ------------------------------------------------------------------------------------- readings


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (("bert", "BertForPreTraining"), ("masked-lm", "encoder")),
        (("bert", "BertModel"), ("encoder",)),
        (("bert", "BertForNextSentencePrediction"), ("encoder",)),
        (("marian", "MarianMTModel", True), ("encoder-decoder", "encoder")),
        (("bart", "BartForConditionalGeneration", True), ("encoder-decoder", "encoder")),
        (("bart", "BartForCausalLM"), ("causal-lm", "encoder")),
        (("t5", "T5EncoderModel", True), ("encoder",)),
        (("t5", "T5Model", True), ("encoder-decoder", "encoder")),
        (("llava", "LlavaForConditionalGeneration"), ("causal-lm", "encoder")),
        (("qwen2_audio", "Qwen2AudioForConditionalGeneration"), ("causal-lm", "encoder")),
        (("xlm", "XLMWithLMHeadModel"), ("masked-lm", "encoder")),
        (("llama", "LLaMAForCausalLM"), ("causal-lm", "encoder")),  # a class that no table lists
        (("flaubert", "FlaubertForQuestionAnsweringSimple"), ("question-answering", "encoder")),
    ],
)
def test_the_tables_of_transformers_say_what_a_class_is_for(config, expected):
    kind, name, *both = config
    raw = {"model_type": kind, "architectures": [name], "is_encoder_decoder": bool(both)}
    assert readings(raw) == expected
    assert find_task(raw) == expected[0]


def test_an_unknown_task_is_refused():
    with pytest.raises(ic.BadInput, match="Unknown task 'guess'"):
        find_task({}, "guess")


@pytest.mark.parametrize("family", ["t5", "bart"])
def test_the_encoder_of_an_encoder_decoder_is_read_alone(tiny, family):
    alone = ic.load_model(str(tiny(family)), task="encoder")
    whole = ic.load_model(str(tiny(family)))
    assert (alone.task, alone.layout.decoder_layers) == ("encoder", 0)
    maps = ic.attention_maps(alone, TEXT)
    assert maps.cross is None
    np.testing.assert_allclose(
        maps.weights, ic.attention_maps(whole, TEXT, TEXT).encoder.weights, atol=1e-6
    )
    assert ic.norm_weighted_attention(alone, TEXT).reconstruction_error < 1e-4


def test_an_encoder_alone_has_no_decoder_to_read(tmp_path):
    tokenizer = unigram()
    saved(tmp_path, tf.T5EncoderModel(tf.T5Config(vocab_size=len(tokenizer), **T5)), tokenizer)
    with pytest.raises(ic.UnsupportedModel, match=r'encoder alone.*task="encoder"'):
        ic.load_model(str(tmp_path), task="encoder-decoder")


def test_a_discriminator_has_no_head_that_fills_in_words(tmp_path):
    tokenizer = wordpiece()
    config = tf.ElectraConfig(vocab_size=len(tokenizer), embedding_size=16, **SMALL)
    saved(tmp_path, tf.ElectraForPreTraining(config), tokenizer)
    model = ic.load_model(str(tmp_path))
    assert model.task == "encoder"
    assert "no weights for the masked-lm head" in model.notes[0]


def test_a_head_that_answers_nothing_here_is_named(tmp_path):
    tokenizer = wordpiece()
    config = tf.BertConfig(vocab_size=len(tokenizer), **SMALL)
    saved(tmp_path, tf.BertForNextSentencePrediction(config), tokenizer)
    model = ic.load_model(str(tmp_path))
    assert model.task == "encoder"
    assert "BertForNextSentencePrediction" in model.notes[0]


@pytest.mark.parametrize("kind", ["xlnet", "bert"])
def test_a_language_model_that_sees_both_sides_is_not_taken_for_a_causal_one(tmp_path, kind):
    if kind == "xlnet":
        tokenizer = albert_unigram()
        model = tf.XLNetLMHeadModel(tf.XLNetConfig(vocab_size=len(tokenizer), **XLNET))
    else:
        tokenizer = wordpiece()
        model = tf.BertLMHeadModel(tf.BertConfig(vocab_size=len(tokenizer), **SMALL))
    saved(tmp_path, model, tokenizer)
    loaded = ic.load_model(str(tmp_path))
    assert (loaded.task, loaded.layout.causal) == ("encoder", False)
    assert "attends to both sides of each token" in loaded.notes[0]
    with pytest.raises(ic.UnsupportedModel, match="does not predict tokens"):
        ic.surprisal(loaded, TEXT)
    with pytest.raises(ic.UnsupportedModel, match="attends to both sides"):
        ic.load_model(str(tmp_path), task="causal-lm")


# --------------------------------------------------------------------------- scores and weights


def test_scores_before_the_softmax_are_never_shown(tmp_path):
    tokenizer = wordpiece()
    config = tf.SqueezeBertConfig(vocab_size=len(tokenizer), embedding_size=32, **SMALL)
    for name in ("q", "k", "v", "post_attention", "intermediate", "output"):
        setattr(config, f"{name}_groups", 1)
    saved(tmp_path, tf.SqueezeBertForSequenceClassification(config), tokenizer)
    plain = tf.SqueezeBertForSequenceClassification.from_pretrained(tmp_path).eval()
    with torch.no_grad():
        output = plain(**tokenizer(TEXT, return_tensors="pt"), output_attentions=True)
    scores = torch.cat(output.attentions)
    assert (scores < 0).any()  # what transformers returns are no weights
    model = ic.load_model(str(tmp_path))
    weights = ic.attention_maps(model, TEXT).weights
    np.testing.assert_allclose(weights, scores.softmax(-1).numpy(), rtol=0, atol=1e-6)
    entropy = -(weights * np.log2(np.maximum(weights, 1e-30))).sum(-1).mean(-1)
    frame = ic.head_statistics(model, [TEXT]).frame
    np.testing.assert_allclose(frame["entropy_bits"], entropy.ravel(), atol=1e-3)
    logits = ic.attribute(model, TEXT, method="leave_one_out").prediction.logits
    np.testing.assert_allclose(logits, output.logits[0].numpy(), atol=1e-5)


# ------------------------------------------------------------------------- the target's language


@pytest.mark.parametrize(("kind", "source", "target", "begun"), TRANSLATORS)
def test_a_target_is_read_in_its_own_language(tmp_path, kind, source, target, begun):
    folder, tokenizer = translator(tmp_path, kind, src_lang=source, tgt_lang=target)
    model = ic.load_model(str(folder))
    maps = ic.attention_maps(model, "the cat", "le chat")
    assert maps.decoder.tokens[: len(begun) + 1][: len(begun)] == begun
    assert source not in maps.decoder.tokens
    plain = tf.AutoModelForSeq2SeqLM.from_pretrained(folder, attn_implementation="eager").eval()
    labels = tokenizer(text_target="le chat", return_tensors="pt")["input_ids"]
    with torch.no_grad():  # transformers shifts the labels by itself
        truth = plain(
            **tokenizer("the cat", return_tensors="pt"), labels=labels, output_attentions=True
        )
    np.testing.assert_allclose(
        maps.cross.weights, torch.cat(truth.cross_attentions).numpy(), atol=1e-6
    )
    assert ic.attention_maps(model, "the cat").decoder.tokens[: len(begun)] == begun
    written = ic.attribute(model, "the cat", text_pair="le", method="leave_one_out")
    asked = tokenizer.convert_ids_to_tokens(list(written.goal.decoder_ids))
    assert asked[: len(begun)] == begun


# ------------------------------------------------------------------- tokenizers without offsets


@pytest.fixture(scope="module")
def bertweet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bertweet")
    settings = {"tokenizer_class": "BertweetTokenizer", "model_max_length": 32}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    pieces = ["i", "lo@@", "ve", "this", "movie", "not", "b@@", "ad"]
    (folder / "vocab.txt").write_text("".join(f"{piece} 1\n" for piece in pieces))
    merges = ["l o 9", "v e</w> 8", "t h 7", "th i 6", "thi s</w> 5", "m o 4", "mo v 3"]
    merges += ["mov i 2", "movi e</w> 2", "n o 2", "no t</w> 2", "a d</w> 2"]
    (folder / "bpe.codes").write_text("\n".join(merges) + "\n")
    settings = {**SMALL, "max_position_embeddings": 34, "pad_token_id": 1}
    tf.RobertaForSequenceClassification(
        tf.RobertaConfig(vocab_size=12, **settings)
    ).save_pretrained(folder)
    return ic.load_model(str(folder))


def test_pieces_that_end_in_marks_are_joined_to_words(bertweet):
    maps = ic.attention_maps(bertweet, "i love this movie not bad")
    assert words_of(maps) == ["<s>", "i", "love", "this", "movie", "not", "bad", "</s>"]
    assert maps.queries.offsets[1:4] == ((0, 1), (2, 4), (4, 6))
    assert len(ic.word_vectors(bertweet, ["i love this"], "love")) == 1


def test_an_unknown_piece_stands_for_the_word_between_its_neighbours(bertweet):
    assert words_of(ic.attention_maps(bertweet, "i hate this"))[1:-1] == ["i", "hate", "this"]


def test_pairs_without_offsets_know_their_text(bertweet):
    maps = ic.attention_maps(bertweet, "i love", "not bad")
    assert maps.queries.segments == (None, 0, 0, 0, None, None, 1, 1, 1, None)


def test_texts_are_cut_without_offsets_and_without_a_warning(bertweet, caplog):
    found = ic.token_vectors(bertweet, ["i love this movie " * 20], pooling="mean", truncate=True)
    assert "truncated" in found.notes[0]
    with pytest.raises(ic.InputTooLong, match="102 tokens"):
        ic.attention_maps(bertweet, "i love this movie " * 20)
    assert "longer than the specified maximum" not in caplog.text


def test_single_bytes_are_shown_with_their_character(tmp_path):
    config = tf.T5Config(vocab_size=384, **T5)
    saved(tmp_path, tf.T5EncoderModel(config), tf.ByT5Tokenizer())
    model = ic.load_model(str(tmp_path))
    maps = ic.attention_maps(model, "a café 日")
    assert "é⟨C3⟩" in maps.tokens
    assert "é⟨A9⟩" in maps.tokens
    assert words_of(maps)[:-1] == ["a", "café", "日"]
    cut = ic.token_vectors(model, ["é" * 2000], pooling="mean", truncate=True)
    assert "truncated" in cut.notes[0]


class Marked:
    """A tokenizer that only joins pieces, in the way of XLM or of BERT."""

    is_fast = False

    def __init__(self, end="", inner=""):
        self.end, self.inner = end, inner

    def tokenize(self, text):
        return [text]

    def convert_tokens_to_string(self, pieces):
        text = "".join(pieces) if self.end else " ".join(pieces)
        return text.replace(self.end, " ") if self.end else text.replace(f" {self.inner}", "")


@pytest.mark.parametrize(
    ("tokenizer", "text", "pieces", "expected"),
    [
        (Marked(end="</w>"), "Un été", ["un</w>", "et", "e</w>"], [(0, 2), (3, 5), (5, 6)]),
        (Marked(inner="##"), "unhappy cat", ["un", "##happy", "cat"], [(0, 2), (2, 7), (8, 11)]),
        (Marked(inner="##"), "a 😀 b", ["a", "[UNK]", "b"], [(0, 1), (2, 3), (4, 5)]),
        (Marked(inner="##"), "a b", ["a", "##", "b"], [(0, 1), (1, 1), (2, 3)]),
        (Marked(inner="##"), "xy", ["[UNK]"], [(0, 2)]),
    ],
)
def test_pieces_are_laid_beside_the_text(tokenizer, text, pieces, expected):
    assert piece_spans(tokenizer, text, pieces) == expected


# -------------------------------------------------------------------- tokens that are not named


def test_a_mask_that_is_not_named_is_asked_for_by_its_setting(tmp_path):
    core = wordpiece().backend_tokenizer
    tokenizer = tf.PreTrainedTokenizerFast(tokenizer_object=core)
    saved(
        tmp_path, tf.BertForMaskedLM(tf.BertConfig(vocab_size=len(tokenizer), **SMALL)), tokenizer
    )
    model = ic.load_model(str(tmp_path))
    setting = r'`"mask_token": "\[MASK\]"` to tokenizer_config.json'
    assert "names no mask token" in model.notes[0]
    for ask in (
        lambda: ic.surprisal(model, TEXT),
        lambda: ic.next_tokens(model, TEXT, position=2),
        lambda: ic.next_tokens(model, "a [MASK] looks"),
        lambda: ic.attribute(model, "a [MASK] looks"),
    ):
        with pytest.raises(ic.UnsupportedModel, match=setting):
            ask()
    with pytest.raises(ic.BadInput, match='"pad_token": '):
        ic.attribute(model, TEXT, position=2, baseline="pad")
    assert np.isfinite(ic.attribute(model, TEXT, position=2).scores).all()
    assert np.isfinite(ic.token_vectors(model, [TEXT, "a model"], pooling="mean").values).all()


def test_no_model_reads_more_than_its_bias_table(tmp_path):
    tokenizer = byte_level()
    config = tf.MptConfig(
        vocab_size=len(tokenizer), d_model=32, n_heads=4, n_layers=2, max_seq_len=POSITIONS
    )
    saved(tmp_path, tf.MptForCausalLM(config), tokenizer)
    assert ic.load_model(str(tmp_path)).max_tokens == POSITIONS
