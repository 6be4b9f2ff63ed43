"""Reading the data sets, on files of a few lines."""

import json

import numpy as np

from training import slot_words, snips, treebank_words
from training.tagged import Sentence

CONLLU = """# text = He didn't, can't
1	He	he	PRON	_	_	0	_	_	_
2-3	didn't	_	_	_	_	_	_	_	SpaceAfter=No
2	did	do	AUX	_	_	0	_	_	_
3	n't	not	PART	_	_	0	_	_	_
4	,	,	PUNCT	_	_	0	_	_	_
4.1	left	leave	VERB	_	_	0	_	_	_
5	ca	can	AUX	_	_	0	_	_	SpaceAfter=No
6	n't	not	PART	_	_	0	_	_	_
"""


def requests(folder):
    data = [{"text": "play "}, {"text": "let it be", "entity": "track"}, {"text": "!"}]
    path = folder / "train_PlayMusic_full.json"
    path.write_text(json.dumps({"PlayMusic": [{"data": data}]}))
    return snips.read_requests(folder, "train")


def test_a_request_knows_its_intent_and_the_characters_of_its_slots(tmp_path):
    (request,) = requests(tmp_path)
    assert request == snips.Request("play let it be!", "PlayMusic", ((5, 14, "track"),))


def test_slots_become_words_with_bio_labels(tmp_path):
    (sentence,) = slot_words.slot_sentences(requests(tmp_path))
    assert sentence.words == ("play", "let", "it", "be", "!")
    assert sentence.labels == ("O", "B-track", "I-track", "I-track", "O")
    assert sentence.glued == (False, False, False, False, True)
    assert slot_words.slot_labels(requests(tmp_path)) == ("O", "B-track", "I-track")


def test_lone_surrogates_in_a_file_do_no_harm(tmp_path):
    text = b'{"PlayMusic": [{"data": [{"text": "pop \xed\xa0\xbc"}]}]}'
    (tmp_path / "train_PlayMusic_full.json").write_bytes(text)
    (request,) = snips.read_requests(tmp_path, "train")
    request.text.encode("utf-8")


def test_held_out_requests_are_others_and_always_the_same():
    rows = [snips.Request(str(number), "x", ()) for number in range(2000)]
    kept, unseen = snips.hold_out(rows)
    assert len(unseen) == 700
    assert {*kept, *unseen} == {*rows}
    assert snips.hold_out(rows) == (kept, unseen)


def test_annotated_words_spaced_and_as_written(tmp_path):
    (tmp_path / "en_ewt-ud-dev.conllu").write_text(CONLLU)
    (written,) = treebank_words.read_annotated(tmp_path, "dev", spaced=False)
    (spaced,) = treebank_words.read_annotated(tmp_path, "dev", spaced=True)
    assert written.text == "He didn't, can't"
    assert spaced.text == "He did n't , ca n't"
    assert written.labels == ("PRON", "AUX", "PART", "PUNCT", "AUX", "PART")


def test_training_sentences_come_twice_where_people_type_them_differently(tmp_path):
    (tmp_path / "train.tok_upos.txt").write_text("Do\tAUX\nn't\tPART\n\nGo\tVERB\n")
    sentences = treebank_words.read_train(tmp_path)
    assert [sentence.text for sentence in sentences] == ["Do n't", "Don't", "Go"]
    assert sentences[1] == Sentence(("Do", "n't"), ("AUX", "PART"), (False, True))


def test_digits_kept_back_are_never_trained_on():
    from interp_core.datasets import digit_labels, held_out

    train, unseen = held_out()
    assert len(unseen) == 360
    assert np.array_equal(np.sort(np.r_[train, unseen]), np.arange(1797))
    assert np.bincount(digit_labels()[unseen]).min() >= 35
