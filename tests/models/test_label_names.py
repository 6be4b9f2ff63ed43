"""Names of labels as people write them: each output gets its own, or a sentence says why not."""

from __future__ import annotations

import json
import shutil

import pytest

import interp_core as ic

PLAIN = [f"class {number}" for number in range(5)]


def named(tiny, tmp_path, names):
    folder = shutil.copytree(tiny("bert-5-labels"), tmp_path / "own")
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"id2label": names}))
    return str(folder)


@pytest.mark.parametrize(
    ("names", "shown", "told"),
    [
        (dict(zip("42013", "ecabd")), ["a", "b", "c", "d", "e"], False),
        (dict(zip("12345", "abcde")), ["LABEL_0", "a", "b", "c", "d"], True),
        (dict(zip("01234", ["x", "x", "", " ", "y"])), None, True),
        (dict(zip("01234", ["<b>bad</b>", "*x*", "$y$", "`z`", "a:b[c]"])), None, False),
        (dict(zip("01234", [0, 1, 2, True, 4])), ["0", "1", "2", "True", "4"], False),
    ],
)
def test_each_output_has_a_name_of_its_own(tiny, tmp_path, names, shown, told):
    model = ic.load_model(named(tiny, tmp_path, names))
    wanted = ["x (0)", "x (1)", "LABEL_2", "LABEL_3", "y"] if told else list(names.values())
    assert list(model.labels) == (shown or wanted)
    assert any("id2label" in note for note in model.notes) == told
    for number, name in enumerate(model.labels):
        assert ic.attribute(model, "the model", target=name).target == model.labels[number]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        ({"negative": "0", "positive": "1"}, "by its number"),
        (PLAIN, "by its number"),
        ({"0": "a", "1": "b", "2": "c"}, "If it has 5 labels"),
        (None, "If it has 5 labels"),
    ],
)
def test_names_that_do_not_fit_the_head_are_refused_in_words(tiny, tmp_path, names, says):
    with pytest.raises(ic.UnsupportedModel, match=says):
        ic.load_model(named(tiny, tmp_path, names))


def test_weights_of_another_width_are_named(tiny, tmp_path):
    folder = shutil.copytree(tiny("bert-5-labels"), tmp_path / "own")
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"intermediate_size": 40}))
    with pytest.raises(ic.UnsupportedModel, match="is 48 in the file, and 40 by"):
        ic.load_model(str(folder))
