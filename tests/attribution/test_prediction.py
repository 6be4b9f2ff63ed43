"""Predictions of many texts: what the model says of each by itself."""

import pandas as pd
import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

import interp_core as ic
from interp_core.attribution.prediction import predict_texts
from tests.tiny import TEXT

TEXTS = [
    "A wonderful film.",
    "Dull.",
    "I would not call it bad, but I would not call it good either.",
    "A dreadful film.",
    "Dull.",
    "Never was I so moved by a story that is told so quietly.",
]


def test_predictions_are_those_of_each_text_by_itself(sentiment):
    found = predict_texts(sentiment, TEXTS)
    for text, said, probability in zip(TEXTS, found["prediction"], found["probability"]):
        with torch.no_grad():
            line = sentiment.model(**sentiment.tokenizer(text, return_tensors="pt")).logits[0]
        chances = line.softmax(-1)
        assert said == sentiment.labels[int(chances.argmax())]
        assert probability == pytest.approx(float(chances.max()), abs=1e-5)
    assert list(found["prediction"][:2]) == ["positive", "negative"]


def changed(tiny, folder, **config):
    """A tiny classifier of another kind."""
    path = tiny("bert-5-labels")
    model = AutoModelForSequenceClassification.from_pretrained(path, **config)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(path).save_pretrained(folder)
    return ic.load_model(str(folder))


def test_a_model_of_several_labels_at_once_names_those_above_one_half(tiny, tmp_path):
    model = changed(tiny, tmp_path, problem_type="multi_label_classification")
    texts = [TEXT, *TEXT.split()]
    found = predict_texts(model, texts)
    for text, said in zip(texts, found["prediction"]):
        with torch.no_grad():
            line = model.model(**model.tokenizer(text, return_tensors="pt")).logits[0]
        names = [model.labels[place] for place in range(len(line)) if line[place] > 0]
        assert said == (", ".join(names) or "none")


def test_a_regression_gives_its_value_and_no_probability(tiny, tmp_path):
    path = tiny("bert-5-labels")
    model = AutoModelForSequenceClassification.from_pretrained(
        path, num_labels=1, ignore_mismatched_sizes=True
    )
    torch.nn.init.normal_(model.classifier.weight)
    model.save_pretrained(tmp_path)
    AutoTokenizer.from_pretrained(path).save_pretrained(tmp_path)
    loaded = ic.load_model(str(tmp_path))
    found = predict_texts(loaded, [TEXT])
    with torch.no_grad():
        value = loaded.model(**loaded.tokenizer(TEXT, return_tensors="pt")).logits[0, 0]
    assert float(found["prediction"][0]) == pytest.approx(float(value), abs=0.0006)
    assert pd.isna(found["probability"][0])


def test_a_text_that_is_too_long_is_cut_or_refused(sentiment):
    long = "wonderful " * 2_000
    assert list(predict_texts(sentiment, [long])["prediction"]) == ["positive"]
    with pytest.raises(ic.InputTooLong):
        predict_texts(sentiment, [long], truncate=False)


def test_progress_counts_texts_and_other_models_get_a_sentence(sentiment, encoder):
    seen = []
    predict_texts(sentiment, TEXTS, progress=lambda done, of: seen.append((done, of)))
    assert seen[-1] == (6, 6)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    with pytest.raises(ic.UnsupportedModel, match="is not a text classifier"):
        predict_texts(encoder, TEXTS)
