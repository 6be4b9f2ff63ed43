"""The comparison page run by Streamlit's test harness: its figures are those of direct calls."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from streamlit.testing.v1 import AppTest

import interp_core as ic
from tests.pages.running import charts, clicked, reopened, run, shows, words

ROOT = Path(__file__).resolve().parents[2]
TEXT = "The film that my brother told me about was not good."
RIVAL = "sentiment-lstm"


def opened(**state) -> AppTest:
    return run("compare_models", **{"model": "sentiment", "rival": RIVAL, "text": TEXT, **state})


@pytest.fixture(scope="module")
def models(sentiment):
    return {"sentiment": sentiment, RIVAL: ic.load_model(RIVAL)}


def test_predictions_and_scores_are_those_of_direct_calls(models):
    app = opened(versus_target="negative")
    assert not app.exception
    shown = {metric.label.replace("\\", ""): metric for metric in app.metric}
    spec = json.loads(app.get("vega_lite_chart")[0].proto.spec)
    assert spec["mark"]["type"] == "bar"
    for name, model in models.items():
        found = ic.attribute(model, TEXT, target="negative")
        assert shown[name].value == found.prediction.label
        assert shows(shown[name].delta, found.prediction.probability, "{:.1%}")


def test_the_recurrent_network_satisfies_completeness(models):
    found = ic.attribute(models[RIVAL], TEXT)
    change = found.value - found.baseline_value
    assert found.scores.sum() == pytest.approx(change, abs=0.01 * abs(change) + 1e-4)


def test_probe_figures_are_those_of_direct_calls(models):
    app = opened(versus="probes")
    assert not app.exception
    counts = [int(ic.probe(model)["right"].sum()) for model in models.values()]
    said = words(app)
    assert f"sentiment {counts[0]} of 48" in said
    assert f"{RIVAL} {counts[1]}" in said
    assert "McNemar" in said


def test_the_costs_table_counts_parameters(models):
    app = opened(versus="probes")
    table = app.dataframe[-1].value.set_index("model")
    for name, model in models.items():
        count = sum(each.numel() for each in model.model.parameters())
        assert table.loc[name, "parameters (M)"] == pytest.approx(count / 1e6)


def test_classifiers_without_a_common_label_are_still_compared():
    app = opened(rival="intents")
    assert not app.exception
    assert not app.error
    assert "no label in common" in words(app)


def test_a_view_of_classifiers_offers_another_model():
    app = opened(model="encoder", versus="text")
    assert "is not a text classifier" in words(app)
    assert any("Switch to" in button.label for button in app.button)


@pytest.mark.parametrize("text", ["", "   "])
def test_no_text_gets_a_sentence(text):
    app = opened(text=text or " ")
    assert not app.exception
    assert "is empty" in words(app)


def test_a_rival_of_another_task_gets_a_sentence():
    app = opened(rival="pos")
    assert not app.exception
    assert "is not a text classifier" in words(app).replace("\\", "")


PAIR = {"model": "encoder", "rival": "sentiment", "text": TEXT}
FEW = {"corpus": "text", "text": "It is good.\nIt is bad.\nA cat slept.\nWe left.\nNobody came."}


def test_a_model_that_classifies_nothing_opens_with_its_weights(sentiment, encoder):
    app = run("compare_models", model="encoder", text=TEXT)
    assert not app.exception
    found = ic.compare_weights(encoder, sentiment)
    table = ic.change_table(found)
    said = words(app).replace("\\", "")
    assert f"{(table['change'] == 0).sum()} of {len(table)} matrices are exactly equal" in said
    assert app.dataframe[-1].value["reason"].tolist() == ["only in sentiment"] * 2


def test_change_of_each_head_is_that_of_direct_calls(sentiment, encoder):
    app = run("compare_models", **{**PAIR, **FEW}, versus="heads", versus_stat="entropy")
    assert not app.exception
    lines = FEW["text"].splitlines()
    table = ic.compare_attention(encoder, sentiment, lines).table("entropy")
    shown = app.dataframe[0].value.sort_values(["layer", "head"])
    assert shown["difference"].to_numpy() == pytest.approx(table["difference"].to_numpy(), abs=1e-5)
    assert f"{table['real'].sum()} of {table['p'].notna().sum()} tested heads" in words(app)


def test_a_clicked_head_is_in_the_address_with_links_to_its_attention():
    app = run("compare_models", **{**PAIR, **FEW}, versus="heads")
    app = clicked(app, "versus_heads", {"head": [{"layer": 3, "head": 1}]})
    assert app.selectbox(key="versus_head").value == "3.1"
    again = reopened(app, "compare_models")
    assert again.selectbox(key="versus_head").value == "3.1"
    linked = [each.proto.label for each in again.get("page_link")]
    assert sum(each.startswith("Head 3.1 of ") for each in linked) == 2


def test_answers_without_labels_have_the_churn_of_direct_predictions(models):
    app = opened(versus="answers", versus_data="plain", **FEW)
    assert not app.exception
    lines = FEW["text"].splitlines()
    one, two = (ic.predict_texts(each, lines)["prediction"] for each in models.values())
    changed = int((one != two).sum())
    assert f"{changed} of {len(lines)} texts get another answer" in words(app)


@pytest.mark.parametrize(
    ("view", "rival", "said"),
    [
        ("weights", RIVAL, "share no weights"),
        ("heads", RIVAL, "Recurrent models have no attention"),
        ("lens", "encoder", "no task head"),
        ("answers", "intents", "no class in common"),
    ],
)
def test_what_does_not_apply_to_two_models_gets_a_sentence(view, rival, said):
    app = run("compare_models", model="sentiment", rival=rival, versus=view, **FEW)
    assert not app.exception
    assert said in words(app).replace("\\", "")


def test_a_lens_that_does_not_apply_leads_to_a_pair_to_which_it_does():
    app = run("compare_models", model="sentiment", rival="encoder", versus="lens", **FEW)
    app = next(each for each in app.button if "Compare with" in each.label).click().run()
    assert not app.exception
    assert app.selectbox(key="rival").value == "sentiment@bfloat16"
    assert len(charts(app)) == 1


def test_a_model_is_not_its_own_rival_and_the_page_says_so(tiny):
    name = str(tiny("bert-2-labels"))
    app = run("compare_models", model=name, rival=name, versus="weights")
    assert not app.exception
    said = words(app).replace("\\", "")
    assert f"{name} is the first model already, so encoder was taken" in said
    app.selectbox(key="rival").set_value(RIVAL).run()
    assert "first model already" not in words(app)
    app = run("compare_models", model=name, versus="weights")
    assert app.selectbox(key="rival").value == "encoder"
    app.session_state["model"] = "encoder"
    app.run()
    box = app.selectbox(key="rival")
    assert (box.value, box.proto.set_value) == ("sentiment", True)  # or the browser shows encoder
    said = words(app).replace("\\", "")
    assert "encoder is the first model already, so sentiment was taken" in said


def test_classes_without_names_are_matched_by_number_in_every_view(tiny, tmp_path):
    named, unnamed = str(tiny("bert-2-labels")), tmp_path / "unnamed"
    shutil.copytree(named, unnamed)
    path = unnamed / "config.json"
    config = json.loads(path.read_text()) | {"id2label": {"0": "LABEL_0", "1": "LABEL_1"}}
    path.write_text(json.dumps(config | {"label2id": {"LABEL_0": 0, "LABEL_1": 1}}))
    for view in ("text", "lens"):
        app = run("compare_models", model=named, rival=str(unnamed), versus=view, text="A film.")
        assert not app.exception
        assert "same order in both models" in words(app)
        assert "no label in common" not in words(app)
        assert "disagree" not in words(app)


@pytest.mark.parametrize(("names", "said"), [(("good", "bad"), True), (("red", "blue"), False)])
def test_models_disagree_only_where_the_second_has_the_class(tiny, tmp_path, names, said):
    first, second = (tmp_path / each for each in ("first", "second"))
    for folder, labels in ((first, ("good", "bad")), (second, names)):
        shutil.copytree(tiny("bert-2-labels"), folder)
        config = json.loads((folder / "config.json").read_text())
        config |= {"id2label": dict(enumerate(labels)), "label2id": {labels[0]: 0, labels[1]: 1}}
        (folder / "config.json").write_text(json.dumps(config))
    weights = load_file(second / "model.safetensors")
    turned = {name: -each if "classifier" in name else each for name, each in weights.items()}
    save_file(turned, second / "model.safetensors", {"format": "pt"})
    app = run("compare_models", model=str(first), rival=str(second), text="A film.")
    assert not app.exception
    assert ("disagree" in words(app)) is said
