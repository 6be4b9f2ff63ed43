"""What methods take away as one: words, words from a segmenter, or tokens; and they say which."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import interp_core as ic
from interp_core.embedding.clustering import words_of

REMOVING = ("leave_one_out", "occlusion", "lime", "kernel_shap", "shapley_sampling")
THAI, GENE, WORD = "ฉันรักแมวมาก", "ATGCGTACGTTAGC", "unhappiness"


@pytest.fixture(scope="module")
def classifier(tmp_path_factory):
    """A random GPT-2 that classifies, and adds no special tokens: a text can become empty."""
    import transformers as tf

    from tests.tiny_tokenizers import byte_level

    tokenizer, folder = byte_level(), tmp_path_factory.mktemp("classifier")
    torch.manual_seed(0)
    config = tf.GPT2Config(
        vocab_size=len(tokenizer),
        n_embd=32,
        n_layer=2,
        n_head=4,
        n_positions=128,
        pad_token_id=0,
        bos_token_id=0,
        eos_token_id=0,
        initializer_range=0.3,
    )
    tf.GPT2ForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return ic.load_model(str(folder))


@pytest.mark.parametrize("method", REMOVING)
@pytest.mark.parametrize(
    ("text", "units"), [(THAI, "segments"), (GENE, "tokens"), (WORD, "tokens")]
)
def test_methods_that_remove_take_units_that_can_be_told_apart(classifier, text, units, method):
    found = ic.attribute(classifier, text, method=method)
    assert found.units == units
    assert len(np.unique(found.scores.round(9))) > 2
    named = found.by_word()
    assert len(named.tokens) == (4 if text == THAI else len(found.tokens))
    assert named.scores.sum() == pytest.approx(found.scores.sum())


def test_leave_one_out_deletes_the_tokens_of_an_only_word(classifier):
    """Against plain PyTorch: the logit of the text less that of the text without the token."""
    found = ic.attribute(classifier, WORD, method="leave_one_out")
    label = classifier.labels.index(found.target)
    ids = classifier.tokenizer(WORD)["input_ids"]
    with torch.no_grad():
        rows = [ids, *(ids[:place] + ids[place + 1 :] for place in range(len(ids)))]
        logits = [float(classifier.model(torch.tensor([row])).logits[0, label]) for row in rows]
    np.testing.assert_allclose(found.scores, logits[0] - np.array(logits[1:]), atol=1e-5)


def test_a_segment_is_deleted_whole(classifier):
    found = ic.attribute(classifier, THAI, method="leave_one_out").by_word()
    label = classifier.labels.index(found.target)
    ids = np.array(classifier.tokenizer(THAI)["input_ids"])
    owners = np.repeat(
        [0, 1, 2, 3], [3 * 3, 3 * 3, 3 * 3, 3 * 3]
    )  # three characters of three bytes
    assert [len(word) for word in found.tokens] == [3, 3, 3, 3]
    assert len(ids) == len(owners)
    with torch.no_grad():
        whole = float(classifier.model(torch.tensor([ids])).logits[0, label])
        without = [
            float(classifier.model(torch.tensor([ids[owners != word]])).logits[0, label])
            for word in range(4)
        ]
    np.testing.assert_allclose(found.scores, whole - np.array(without), atol=1e-5)


@pytest.mark.parametrize(
    ("text", "units"), [(THAI, "segments"), (GENE, "tokens"), (WORD, "tokens")]
)
@pytest.mark.parametrize("method", ["saliency", "leave_one_out"])
def test_faithfulness_ranks_the_same_units_and_says_which(classifier, text, units, method):
    found = ic.attribute(classifier, text, method=method)
    result = ic.faithfulness(classifier, found)
    assert result.units == units
    assert result.words == (4 if text == THAI else len(found.tokens))
    assert np.isfinite(result.comprehensiveness)


def test_the_sanity_check_compares_tokens_of_an_only_word(classifier):
    found = ic.attribute(classifier, WORD, method="leave_one_out")
    check = ic.sanity_check(classifier, found, trials=2)
    assert list(check.frame["word"]) == found.tokens


def test_two_words_stay_two_words(classifier):
    found = ic.attribute(classifier, "unhappiness wins", method="leave_one_out")
    assert found.units == "words"
    assert found.by_word().tokens == ["unhappiness", "wins"]


def test_a_single_token_is_still_refused_in_words(classifier):
    with pytest.raises(ic.BadInput, match="only token"):
        ic.attribute(classifier, "a", method="leave_one_out")


def test_tables_of_many_texts_and_of_clusters_have_the_words(classifier):
    found = ic.attribute_many(classifier, [THAI, "แมวดี"], method="leave_one_out")
    assert "แมว" in set(ic.word_table(list(found))["word"])
    assert words_of("The 今天天气很好, well-known") == [
        "the",
        "今天",
        "天气",
        "很",
        "好",
        "well-known",
    ]
    assert words_of("don't stop, well-known") == ["don't", "stop", "well-known"]
