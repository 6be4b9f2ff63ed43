"""Every record with pictures draws itself: in a notebook, in a file, without a connection."""

from __future__ import annotations

import gzip
import json
import re
from base64 import b64decode
from html import unescape
from importlib import import_module
from inspect import signature
from pathlib import Path
from xml.etree import ElementTree

import altair as alt
import numpy as np
import pandas as pd
import pytest
from PIL import Image

import interp_core as ic
from interp_core.audit.word_groups import AttributionShares
from interp_core.charts.export import specification
from interp_core.drawing.records import NEEDED, PICTURES, TABLES, _function
from interp_core.training_dynamics.curves import SETS, Answers, LearningCurves
from interp_core.training_dynamics.explanations import CheckpointAttributions, CheckpointHeads
from tests.tiny import TEXT

HOSTILE = ["</script><script>alert(1)</script>", "<img/src=x/onerror=alert(1)>", "a\u2028`${b}"]


@pytest.fixture(scope="module")
def hostile():
    weights = [np.full((1, 2, 3, 3), 1 / 3)] * 2
    return ic.maps_from(weights, HOSTILE)


def test_every_charted_record_is_listed_and_every_view_has_its_function():
    sources = (path.read_text(encoding="utf-8") for path in Path(ic.__path__[0]).rglob("*.py"))
    charted = re.compile(r"^class (\w+)\((?:\w+, )*Charted\)", re.MULTILINE)
    assert sorted(name for each in sources for name in charted.findall(each)) == sorted(PICTURES)
    places = {place for views in PICTURES.values() for place in views.values()}
    for place in places | set(TABLES.values()):
        module, _, name = place.partition(".")
        assert getattr(import_module(f"interp_core.drawing.{module}"), name).__doc__, place


# Public records without a picture of their own, and why.
PLAIN = {
    "Answer": "a text",
    "AuditData": "labelled texts",
    "Checkpoint": "a folder",
    "CheckpointSeries": "folders; `ic.chart(series.logged, 'logged_loss')`",
    "Corpus": "texts",
    "CorpusState": "its `statistics` have pictures",
    "Figure": "one number",
    "Finding": "a sentence",
    "Flips": "words",
    "Infidelity": "one number",
    "LoadedModel": "a model",
    "Method": "what a method is called",
    "ModelCard": "what a model is called",
    "Neighbours": "numbers of points; those of a projection are shown in its picture",
    "PassageCase": "texts",
    "Predictions": "labels of many texts; an audit draws them",
    "Prompt": "a text",
    "Quality": "of a projection, whose view `reliability` shows it",
    "Reading": "tables for the verdict of an audit, drawn by `ic.chart(reading.shares, ...)`",
    "Row": "a text",
    "SanityCheck": "one correlation for each layer",
    "Similarity": "one number with its interval",
    "Skipped": "a row of a file",
    "Table": "a file",
    "Threshold": "a number",
    "Unit": "a part of a text",
}


def test_every_public_record_has_a_picture_or_a_reason_why_not():
    offered = {name: getattr(ic, name) for name in ic.__all__}
    classes = {name for name, each in offered.items() if isinstance(each, type)}
    records = {name for name in classes if not issubclass(offered[name], Exception)}
    assert records - set(PICTURES) == set(PLAIN)


@pytest.fixture(scope="module")
def records(tiny_model):
    """One of each kind that a tiny model gives quickly."""
    model = tiny_model("bert-2-labels")
    other = ic.switch(model, TEXT, heads={(0, 1): 0.0})
    vectors = ic.token_vectors(model, [TEXT])
    texts = [TEXT, "A strange model.", "The model was there."]
    return {
        "maps": ic.attention_maps(model, TEXT),
        "attribution": ic.attribute(model, TEXT, method="input_x_gradient"),
        "statistics": ic.head_statistics(model, texts),
        "patching": ic.patch(model, "A strange model.", "The strange model.", method="gradient"),
        "switched": other,
        "projection": ic.project(vectors, method="pca"),
        "weights": ic.compare_weights(model, model),
        "layers": ic.compare_representations(model, model, texts * 4),
        "heads": ic.compare_attention(model, model, texts),
        "answers": ic.compare_answers(model, model, texts * 4),
        "both": ic.compare_maps(*[ic.attention_maps(model, TEXT)] * 2),
        "vectors": vectors,
        "conductance": ic.layer_conductance(model, TEXT),
        "faithfulness": ic.faithfulness(model, ic.attribute(model, TEXT, method="saliency")),
        "prediction": ic.attribute(model, TEXT, method="saliency").prediction,
    }


@pytest.fixture(scope="module")
def of_language(tiny_model):
    """One of each kind that only language models have."""
    model = tiny_model("gpt2")
    found = ic.attribute_generation(model, TEXT, "strange model", units="word")
    return {
        "lens": ic.logit_lens(model, TEXT),
        "sum": ic.logit_attribution(model, TEXT),
        "written": ic.generate(model, TEXT, tokens=3),
        "steered": ic.steer(model, TEXT, "a strange model", "the actors", layer=0, tokens=2),
        "answer": found,
        "measured": ic.generation_faithfulness(model, found, rankings=2),
        "passages": ic.attribute_passages(
            model, "Who?", ("I am.", "It ends."), "She.", instruction="Do."
        ),
    }


@pytest.fixture(scope="module")
def of_training(records):
    """Checkpoints, from made numbers and the statistics above."""
    rng = np.random.default_rng(0)
    points = tuple(ic.Checkpoint(f"checkpoint-{at}", "", at) for at in (0, 100, 200))
    answers = {
        name: Answers(rng.random((3, 20)), rng.random((3, 20)) > 0.4, rng.random((3, 20)))
        for name in SETS
    }
    even = np.full((2, 2), 0.5)
    shares = [
        AttributionShares(
            ("negations", "content words"), rng.random((2, 2)), even, list(rng.random((2, 5))), ""
        )
        for _ in points
    ]
    return {
        "curves": LearningCurves(points, answers),
        "heads": CheckpointHeads(points, (records["statistics"],) * 3),
        "attributions": CheckpointAttributions(points, tuple(shares), (TEXT, TEXT)),
        "shares": shares[0],
    }


UNFIT = {  # what these records do not hold
    ("answers", "calibration"): "needs texts with labels",
    ("patching", "regions"): "No patch of a picture",
}


@pytest.mark.parametrize("group", ["records", "of_language", "of_training"])
def test_every_view_of_every_record_is_an_altair_chart(group, request):
    for name, record in request.getfixturevalue(group).items():
        for view in record.views():
            if (name, view) in UNFIT:
                with pytest.raises(ic.BadInput, match=UNFIT[name, view]):
                    record.chart(view)
                continue
            chart = record.chart(view)
            assert isinstance(chart, alt.TopLevelMixin), (name, view)
            assert any(specification(chart)["datasets"].values()), (name, view)
            assert view in record.views()
            assert record.views()[view].strip(), (name, view)


def test_tables_are_drawn_by_the_name_of_what_made_them(tiny_model):
    model = tiny_model("gpt2")
    for name, table in {
        "next_tokens": ic.next_tokens(model, TEXT),
        "surprisal": ic.surprisal(model, TEXT),
        "attention_to": ic.attention_to(ic.attention_maps(model, TEXT), 0),
        "removal_effects": ic.removal_effects(model, TEXT),
    }.items():
        assert any(specification(ic.chart(table, name))["datasets"].values()), name
    with pytest.raises(ic.BadInput, match=r"A table has no view None\. Choose one of: "):
        ic.chart(table)
    with pytest.raises(ic.BadInput, match="str has no picture"):
        ic.chart("text")


@pytest.mark.parametrize(
    ("method", "title"),
    [("gradient", "gradient importance"), ("ablation", "change in loss (nats)")],
)
def test_importance_is_called_what_it_was_measured_by(tiny_model, method, title):
    found = ic.head_importance(tiny_model("gpt2"), [TEXT], method=method)
    shown = specification(ic.chart(found, "strongest_heads"))
    assert shown["layer"][0]["encoding"]["x"]["title"] == title


def test_a_table_of_another_kind_is_refused_with_the_columns_that_it_lacks():
    table = pd.DataFrame({"other": [1.0, 2.0]})
    for name, place in TABLES.items():
        picture = signature(_function(place)).parameters.values()
        if sum(each.default is each.empty for each in picture) > 1:
            continue  # its arguments say what it draws
        told = rf"^The view '{name}' draws the columns? '\w.*does not have \(it has: other\)"
        with pytest.raises(ic.BadInput, match=told):
            ic.chart(table, name)
    with pytest.raises(ic.BadInput, match=r"draws the column 'probability', .*\(it has: token\)"):
        ic.chart(pd.DataFrame({"token": ["a"]}), "next_tokens")


def test_arguments_that_lack_or_do_not_fit_are_named(hostile):
    for name, place in TABLES.items():
        taken = list(signature(_function(place)).parameters.values())[1:]
        needed = [each.name for each in taken if each.default is each.empty]
        assert set(needed) <= set(NEEDED)
        if needed:
            call = ", ".join(["table", repr(name), *needed])
            told = rf"needs `{needed[0]}`, .*`ic\.chart\({call}\)`"
            with pytest.raises(ic.BadInput, match=told):
                ic.chart(pd.DataFrame({"other": [1.0]}), name)
    with pytest.raises(ic.BadInput, match=r"needs `y`, .*'head_scatter', x, y"):
        ic.chart(pd.DataFrame({"other": [1.0]}), "head_scatter", "entropy")
    with pytest.raises(ic.BadInput, match=r"argument 'leyer'\. It takes: layer, heads, "):
        hostile.chart("heatmap", leyer=1)
    for name in ("compare_heads", "compare_depths"):
        with pytest.raises(ic.BadInput, match="Unknown statistic 'layer'"):
            ic.chart(pd.DataFrame({"layer": [1.0]}), name, "layer")


def test_points_have_the_names_and_groups_of_their_vectors(tiny_model):
    vectors = ic.token_vectors(tiny_model("bert-2-labels"), [TEXT])
    found = ic.project(vectors, method="pca")
    spec = json.dumps(specification(found.chart(vectors=vectors, colour="token")))
    assert all(json.dumps(token)[1:-1] in spec for token in vectors.frame["token"])
    with pytest.raises(ic.BadInput, match="There is no column 'sense'"):
        found.chart(vectors=vectors, colour="sense")
    with pytest.raises(ic.BadInput, match="give those that were projected"):
        found.chart(vectors=vectors.take(np.arange(3)))


def test_a_labelled_sample_is_audited_in_pictures(sentiment):
    table = ic.labelled_sample("sentiment").iloc[::16]
    data = ic.labelled_data(table, sentiment)
    audit = ic.run_audit(sentiment, data)
    for view in audit.views():
        if view in ("groups", "words") and getattr(audit, view).table.empty:
            with pytest.raises(ic.BadInput, match="large enough"):
                audit.chart(view)
        else:
            assert specification(audit.chart(view))
    assert specification(audit.score.chart("confusion"))


def test_what_is_not_there_is_said_in_words(hostile):
    with pytest.raises(ic.BadInput, match=r"no view 'lens'\. Choose one of: overview"):
        hostile.chart("lens")
    for view, options in {
        "head_view": {"layer": 7},
        "heatmap": {"heads": 9},
        "head_view ": {"token": 5},
    }.items():
        with pytest.raises(ic.BadInput, match=r"has no attention map|does not exist"):
            hostile.chart(view.strip(), **options)


def test_the_last_line_of_a_cell_draws_without_a_connection(hostile):
    shown = hostile._repr_mimebundle_()
    (frame,) = re.findall(r'<iframe srcdoc="([^"<>]*)" [^<>]*></iframe>', shown["text/html"])
    page = unescape(frame)
    around = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert "<script" not in around
    assert not re.search(r"(src|href)=|url\(", around)
    (code,) = re.findall(r'atob\("([A-Za-z0-9+/=]+)"\)', page)
    assert b"window.vegaEmbed=" in gzip.decompress(b64decode(code))
    assert shown["image/svg+xml"].startswith("<svg")


def test_without_its_frame_the_output_of_a_cell_is_the_still_picture(hostile):
    """As in JupyterLab, of a notebook that is not trusted: HTML without frames and scripts."""
    shown = hostile._repr_mimebundle_()
    rest = re.sub(r"<iframe.*?</iframe>", "", shown["text/html"], flags=re.DOTALL)
    coded = re.fullmatch(
        r'<div [^<>]*><img [^<>]*src="data:image/svg\+xml;base64,([^"]+)"[^<>]*></div>', rest
    )
    assert coded
    assert b64decode(coded[1]).decode() == shown["image/svg+xml"]


@pytest.mark.parametrize("view", ["overview", "head_view", "heatmap"])
def test_hostile_tokens_stay_text(hostile, view):
    page = hostile.chart(view).to_html()
    scripts = re.findall(r"<script>.*?</script>", page, re.DOTALL)
    assert len(scripts) == 3  # Vega, that it is there, and the chart
    assert page.count("<script") == 3
    assert "<img" not in scripts[2]
    spec = scripts[2].partition('vegaEmbed("#chart", ')[2]
    told, _ = json.JSONDecoder().raw_decode(spec)
    assert any(token in json.dumps(told, ensure_ascii=False) for token in HOSTILE)


def test_it_is_saved_as_a_page_and_as_a_picture(hostile, tmp_path):
    chart = ic.head_view(hostile, 1, [0, 1])
    for kind, start in {"html": b"<!DOCTYPE", "svg": b"<svg", "png": b"\x89PNG"}.items():
        chart.save(tmp_path / f"chart.{kind}")
        assert (tmp_path / f"chart.{kind}").read_bytes().startswith(start)
    chart.save(tmp_path / "chart.json")
    assert json.loads((tmp_path / "chart.json").read_text())["layer"]
    for name, told in {"chart.xyz": "no kind of file 'xyz'", "chart": "No kind of file"}.items():
        with pytest.raises(ic.BadInput, match=rf"{told}.*\.html, \.svg, \.png"):
            chart.save(tmp_path / name)
        assert not (tmp_path / name).exists()


@pytest.mark.parametrize("kind", ["svg", "png"])
@pytest.mark.parametrize("name", ["attribution", "statistics", "patching", "projection", "layers"])
def test_records_of_several_kinds_are_saved_as_pictures(name, kind, records, tmp_path):
    path = tmp_path / f"chart.{kind}"
    records[name].chart().save(path)
    if kind == "png":
        assert len(Image.open(path).convert("RGB").getcolors(1 << 24)) > 2
    else:
        drawn = ElementTree.parse(path).getroot()
        assert drawn.tag == "{http://www.w3.org/2000/svg}svg"
        assert sum(each.tag.endswith("}path") for each in drawn.iter()) > 2


def test_the_output_of_a_cell_stays_small():
    """Six layers of twelve heads over 32 tokens: about a megabyte and a half."""
    rng = np.random.default_rng(0)
    weights = [rng.dirichlet(np.full(32, 0.2), (1, 12, 32)) for _ in range(6)]
    shown = ic.maps_from(weights, [f"token {n}" for n in range(32)])._repr_mimebundle_()
    assert set(shown) == {"text/html", "image/png", "text/plain"}
    assert sum(map(len, shown.values())) < 1_700_000


def test_a_renderer_that_the_reader_has_chosen_is_respected(hostile):
    with alt.renderers.enable("mimetype"):
        assert alt.renderers.active == "mimetype"
        assert "application/vnd.vegalite.v6.json" in hostile._repr_mimebundle_()[0]


def test_charts_that_are_put_together_are_altairs_own(hostile):
    both = ic.head_view(hostile) | ic.heatmap(hostile)
    assert isinstance(both, alt.HConcatChart)


def test_a_long_text_is_a_picture_of_the_whole():
    count = 140
    maps = ic.maps_from([np.full((1, 1, count, count), 1 / count)], ["a"] * count)
    assert '"url"' in json.dumps(specification(ic.heatmap(maps)))
    assert specification(ic.head_view(maps, first=100))["layer"]
