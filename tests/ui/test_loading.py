"""Number format and device: chosen in the sidebar or by the operator, told wherever it matters."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

import interp_core as ic
from interp_core.report.notebook import loads
from interp_core.ui.server import cache, limits, loading
from interp_core.ui.server.model_cache import Models
from tests.pages.reporting import check
from tests.pages.running import run, words


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """`settings("...")` writes the operator's file."""
    file = tmp_path / "clearhead.toml"
    monkeypatch.setattr(limits, "FILE", file)
    return lambda text: file.write_text(text, encoding="utf-8")


def test_a_number_format_reaches_the_model_the_address_the_script_and_the_report():
    app = run("attention_heads", view="heatmap", dtype="bfloat16")
    assert "bfloat16, which rounds" in words(app).replace("\\", "")
    assert "eager attention · bfloat16" in words(app)
    (figure,) = check(app, charts=1)  # the script computes the same numbers again
    assert "ic.load_model('sentiment', dtype='bfloat16')" in figure.script
    assert figure.options["dtype"] == "bfloat16"
    assert "dtype=bfloat16" in figure.link
    assert (
        figure.models["sentiment"]
        != check(run("attention_heads", view="heatmap"), charts=1)[0].models["sentiment"]
    )  # the digest is of the weights as they were loaded


def test_results_of_one_format_are_not_shown_for_another(settings):
    plain = cache.stamp("sentiment")
    settings('dtype = "float16"')
    assert cache.stamp("sentiment") != plain
    assert cache.model("sentiment").dtype == "float16"
    settings("")
    assert cache.model("sentiment").dtype == "float32"


def test_on_a_shared_server_the_operator_alone_decides(settings):
    settings('shared = true\ndtype = "bfloat16"')
    app = run("attention_heads", dtype="float16", device="meta")
    assert not [box for box in app.selectbox if box.key in ("dtype", "device")]
    assert "eager attention · bfloat16" in words(app)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('device = "warp"', "Unknown device 'warp'"),
        ('dtype = "int4"', "Unknown dtype"),
    ],
)
def test_a_setting_that_cannot_be_is_told_on_the_page(settings, line, told):
    settings(line)
    app = run("attention_heads")
    assert not app.exception
    assert told in words(app).replace("\\", "")


def test_only_devices_that_are_there_are_offered():
    box = next(box for box in run("attention_heads").selectbox if box.key == "device")
    assert box.options == [loading.BEST, *loading.devices()]


def test_the_check_of_memory_can_be_switched_off(settings, monkeypatch):
    asked = []
    monkeypatch.setattr(ic, "load_model", lambda name, **more: asked.append(more))
    loading.load("a")
    settings("check_memory = false")
    loading.load("a")
    assert asked == [{}, {"check_memory": False}]


def test_other_models_go_before_one_is_refused_for_its_size():
    asked = []

    def load(name: str) -> SimpleNamespace:
        asked.append(name)
        if name == "large" and "small" in {kept for kept, _ in store._kept._kept}:
            raise ic.ModelTooLarge("no room")
        return SimpleNamespace(name=name, model=torch.nn.Linear(1, 1))

    store = Models()
    store.get("small", "", load)
    assert store.get("large", "", load).name == "large"
    assert asked == ["small", "large", "large"]


def test_a_notebook_loads_models_as_the_page_did():
    script = "model = ic.load_model('a', dtype='float16')\nother = ic.load_model('b')"
    assert loads(script) == {
        "a": "ic.load_model('a', dtype='float16')",
        "b": "ic.load_model('b')",
    }


def test_results_change_with_the_modules_beside_a_model(tmp_path):
    pooling = tmp_path / "1_Pooling"
    pooling.mkdir()
    for path in (tmp_path / "config.json", pooling / "config.json"):
        path.write_text("{}")
    first = cache.stamp(str(tmp_path))
    os.utime(pooling / "config.json", (2e9, 2e9))
    assert cache.stamp(str(tmp_path)) != first


def test_the_list_of_devices_does_not_import_torch():
    code = "import sys; from interp_core.ui.server import loading; loading._devices()"
    code += "; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
