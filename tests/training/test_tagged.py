"""Labelled words: spelling, cutting into pieces, and the score of entities, by hand."""

import pytest
import torch

from training.tagged import IGNORED, Sentence, accuracy, cut, entity_f1, piece_labels, tag
from training.tagged import _of_words as of_words

FINE = Sentence(("Play", "Beyoncé", "!"), ("O", "B-artist", "O"), (False, False, True))


def test_text_and_starts_follow_the_glue():
    assert FINE.text == "Play Beyoncé!"
    assert FINE.starts == [0, 5, 12]
    assert all(FINE.text[s:].startswith(w) for s, w in zip(FINE.starts, FINE.words))


def test_every_piece_knows_the_word_in_which_it_begins():
    (pieces,) = cut([Sentence(("do", "n't", "rerun"), ("A", "B", "C"), (False, True, False))])
    # [CLS] don ' t re ##run [SEP]: "don" begins in "do", the apostrophe in "n't"
    assert pieces.words == [None, 0, 1, 1, 2, 2, None]


def test_what_continues_the_first_word_of_a_slot_is_inside_it():
    labels = ("O", "B-artist", "I-artist")
    sentence = Sentence(("play", "rerunning"), ("O", "B-artist"), (False, False))
    (pieces,) = cut([sentence])
    found = piece_labels(sentence, pieces, labels)
    assert found == [IGNORED, 0, 1, *[2] * (len(found) - 4), IGNORED]
    assert len(found) > 4


def test_a_word_without_a_piece_of_its_own_takes_the_label_before():
    (pieces,) = cut([Sentence(("can", "not"), ("A", "B"), (False, True))])
    scores = torch.tensor([[0.0, 9.0], [1.0, 0.0], [0.0, 9.0]])
    assert pieces.words == [None, 0, None]
    assert of_words(2, pieces, scores, ("AUX", "PART")) == ["AUX", "AUX"]


def test_f1_counts_whole_entities_and_accuracy_words():
    gold = [["B-a", "I-a", "O", "B-b"]]
    found = [["B-a", "O", "O", "B-b"]]
    assert entity_f1(gold, found) == pytest.approx(2 * 1 / 4)
    assert accuracy(gold, found) == pytest.approx(3 / 4)
    assert entity_f1(gold, gold) == 1.0
    assert entity_f1([["O"]], [["O"]]) == 0.0


def test_the_shipped_tagger_labels_every_word_once():
    import interp_core as ic

    model = ic.load_model("pos")
    sentence = Sentence(("I", "do", "n't", "read"), ("",) * 4, (False, False, True, False))
    assert tag(model.model, [sentence], model.labels) == [["PRON", "AUX", "PART", "VERB"]]
