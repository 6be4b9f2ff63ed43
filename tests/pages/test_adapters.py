"""An adapter in the page: the field for its base, the address, the script and the sentences."""

from __future__ import annotations

import json
import os
import shutil

import peft
import pytest
import transformers as tf

from interp_core.ui.server import cache
from tests.pages.reporting import check
from tests.pages.running import run, words

PAGE = "attention_heads"


@pytest.fixture(scope="module")
def adapter(tiny, tmp_path_factory):
    """A classifier's adapter that does not name its base."""
    folder = tmp_path_factory.mktemp("page") / "adapter"
    base = tf.AutoModelForSequenceClassification.from_pretrained(tiny("bert"), num_labels=3)
    settings = peft.LoraConfig(task_type="SEQ_CLS", target_modules=["query"])
    peft.get_peft_model(base, settings).save_pretrained(folder)
    path = folder / "adapter_config.json"
    named = json.loads(path.read_text()) | {"base_model_name_or_path": None}
    path.write_text(json.dumps(named))
    return folder


def field(app):
    return [box for box in app.text_input if box.key == "base"]


def test_the_field_appears_beside_an_adapter_alone(adapter, tiny):
    for name in ("sentiment", str(tiny("bert"))):
        assert not field(run(PAGE, model=name))
    app = run(PAGE, model=str(adapter), view="heatmap")
    assert field(app)[0].label == "Base model"
    assert not app.exception
    assert "does not name its base model" in words(app)
    assert "“Base model” beside the model" in words(app)


def test_a_typed_base_reaches_the_model_the_address_the_script_and_the_report(adapter, tiny):
    app = run(PAGE, model=str(adapter), base=str(tiny("bert")), view="heatmap")
    assert not app.error
    assert "Adapter on" in words(app)
    (figure,) = check(app, charts=1)  # the script computes the same numbers again
    assert f"ic.load_model({str(adapter)!r}, base={str(tiny('bert'))!r})" in figure.script
    assert figure.options["base"] == str(tiny("bert"))
    assert "base=" in figure.link


def test_a_base_is_forgotten_for_other_models(adapter, tiny):
    app = run(PAGE, model=str(adapter), base=str(tiny("bert")), view="heatmap")
    app.session_state["model"] = "sentiment"
    app.run()
    assert not app.error
    assert not field(app)


def test_another_base_is_another_result(adapter, tiny, tmp_path):
    app = run(PAGE, model=str(adapter), base="encoder", view="heatmap")
    assert "does not fit the base model" in words(app)
    field(app)[0].set_value(str(tiny("bert"))).run()
    assert not app.error


def test_results_change_with_the_files_of_a_named_base(adapter, tiny, tmp_path):
    base = shutil.copytree(tiny("bert"), tmp_path / "base")
    own = shutil.copytree(adapter, tmp_path / "adapter")
    path = own / "adapter_config.json"
    path.write_text(
        json.dumps(json.loads(path.read_text()) | {"base_model_name_or_path": "../base"})
    )
    first = cache.stamp(str(own))
    os.utime(base / "config.json", (2e9, 2e9))
    assert cache.stamp(str(own)) != first


def test_a_shared_server_opens_no_typed_base(adapter, tiny, monkeypatch):
    monkeypatch.setenv("CLEARHEAD_SHARED", "1")
    monkeypatch.setenv("CLEARHEAD_MODELS", str(adapter))
    app = run(PAGE, model=str(adapter), base=str(tiny("bert")))
    assert not field(app)
    assert "does not name its base model" in words(app)
    app = run(PAGE, model=str(tiny("bert")))
    assert "shared server" in words(app)


def test_a_second_model_has_a_field_for_its_base_too(adapter, tiny):
    pair = {"model": str(tiny("bert")), "rival": str(adapter), "versus": "representations"}
    texts = {"corpus": "text", "text": "A film.\nA cat.\nGood.\nBad."}
    app = run("compare_models", **pair, **texts)
    assert not app.exception
    boxes = [box for box in app.text_input if box.key == "second_base"]
    assert boxes[0].label == "Its base model"
    assert "does not name its base model" in words(app)
    app = run("compare_models", **pair, **texts, second_base=str(tiny("bert")))
    assert not app.exception
    assert not app.error
    assert "does not name its base model" not in words(app)
    (figure, *_) = check(app)
    assert f"ic.load_model({str(adapter)!r}, base={str(tiny('bert'))!r})" in figure.script
    assert "second_base=" in figure.link
    app.session_state["rival"] = "encoder"
    app.run()
    assert not [box for box in app.text_input if box.key == "second_base"]
