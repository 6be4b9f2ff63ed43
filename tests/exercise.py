"""Use Clearhead all round in one process, then say which modules that has imported.

    python -m tests.exercise FILE

A test runs this and compares the list with what is declared (tests/test_declared.py).
"""

from __future__ import annotations

import io
import json
import logging
import sys
import tempfile
from pathlib import Path

import pandas as pd

import interp_core as ic
from interp_core.models import gguf_file, photos
from tests import thin
from tests.tiny import build
from tests.tiny_gguf import written

ROOT = Path(__file__).resolve().parents[1]
TEXT = "The plot is not bad at all."


def explanations(model: ic.LoadedModel) -> None:
    """Every method, and how far to trust one."""
    for method in ic.attribution_methods(model):
        found = ic.attribute(model, TEXT, method=method)
    ic.faithfulness(model, found, rankings=2)
    ic.layer_conductance(model, TEXT)


def heads(model: ic.LoadedModel) -> None:
    """Maps, and all that is told from them."""
    maps = ic.attention_maps(model, TEXT)
    ic.norm_weighted_attention(model, TEXT)
    ic.attention_flow(maps, 0)
    ic.attention_rollout(maps)
    statistics = ic.head_statistics(model, list(ic.sentences()[:4]))
    ic.head_importance(model, [TEXT])
    ic.head_likeness(statistics)


def points(model: ic.LoadedModel) -> None:
    """Projections by every method, and files of vectors of every kind."""
    table = ic.sample_table("word_groups")
    vectors = ic.token_vectors(model, list(table["text"])[:60], pooling="mean")
    for method in ("pca", "umap", "tsne"):
        ic.project(vectors, method=method)
    ic.clusters(vectors)
    ic.clusters(vectors, method="hdbscan")
    ic.outliers(vectors)
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("tsv", "npy", "parquet", "safetensors"):
            ic.read_vectors(ic.write_vectors(vectors, folder, kind)[0])


def files() -> None:
    """Tables and corpora of every kind."""
    frame = pd.DataFrame({"text": ["One film.", "Another."], "stars": [1, 2]})
    packed = io.BytesIO()
    frame.to_parquet(packed)
    kinds = {
        "csv": frame.to_csv(index=False).encode(),
        "parquet": packed.getvalue(),
        "jsonl": frame.to_json(orient="records", lines=True).encode(),
        "tsv": frame.to_csv(index=False, sep="\t").encode(),
    }
    for kind, content in kinds.items():
        ic.read_table(content, kind=kind)
        list(ic.open_corpus(io.BytesIO(content), name=f"films.{kind}").rows())
    packed = io.BytesIO()
    ic.sample_photo("temple").save(packed, "JPEG")
    ic.read_image(packed.getvalue())


def conversions() -> None:
    """What models that packages carry are made of: a small one, and the photographs' own."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "tiny.gguf"
        written(source)
        gguf_file.convert(source, Path(folder))
        photos.convert(photos.MODEL.source(), Path(folder))


def images(model: ic.LoadedModel) -> None:
    """A picture instead of a text."""
    picture = ic.digit_picture(0)
    ic.attention_maps(model, picture)
    ic.image_faithfulness(model, picture, ic.attribute_image(model, picture), rankings=2)


def photographs(model: ic.LoadedModel) -> None:
    """The same where there are no labels."""
    photo = ic.sample_photo("flower")
    ic.rollout_without_sinks(ic.attention_maps(model, photo))
    ic.patch_pca(model, [photo])


def writing(model: ic.LoadedModel) -> None:
    """What a language model is asked."""
    ic.next_tokens(model, TEXT)
    ic.surprisal(model, TEXT)
    ic.logit_lens(model, TEXT)
    ic.logit_attribution(model, TEXT)
    ic.generate(model, TEXT, tokens=2)
    ic.induction_scores(model, sequences=1)


def pages() -> None:
    """Every page, a report with a picture, and all that it is exported as."""
    from streamlit.testing.v1 import AppTest

    from interp_core.report.document import document
    from interp_core.report.notebook import notebook
    from interp_core.report.saved import Session, save
    from interp_core.ui.navigation import PAGES

    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.session_state["view"] = "heatmap"
    app.switch_page("pages/attention_heads.py").run()
    app.button(key=next(each.key for each in app.button if each.key.startswith("add_"))).click()
    app.run()
    report = app.session_state["clearhead_report"]
    assert len(report.figures) == 1
    document(report, lambda table: table.to_csv().encode(), "today")
    notebook(report, "today")
    save(Session(report=report))
    for key, few in {"corpus": "text", "points": "text", "text": TEXT}.items():
        app.session_state[key] = few
    for page, _ in PAGES:
        app.switch_page(f"pages/{page}.py").run()
        assert not app.exception, page


def pictures() -> None:
    """A chart as files."""
    import altair as alt

    from interp_core.charts.export import picture

    chart = alt.Chart(pd.DataFrame({"x": [1, 2]})).mark_bar().encode(x="x")
    for kind in ("png", "svg"):
        assert picture(chart, kind)


def imported() -> list[str]:
    """Packages out of site-packages that modules have come from, by their outermost names."""
    names = set()
    for module in tuple(sys.modules.values()):
        place = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "")
        _, found, inside = str(place).rpartition("site-packages/")
        if found:
            names.add(inside.partition("/")[0].partition(".")[0])
    return sorted(names)


def main(target: str) -> None:
    """All of it."""
    logging.disable(logging.WARNING)
    loaded = {card.name: ic.load_model(card.name) for card in ic.bundled_models()}
    heads(loaded["sentiment"])
    points(loaded["encoder"])
    images(loaded["digits"])
    photographs(loaded["photos"])
    ic.next_tokens(loaded["language-model"], "The capital of France is")
    with tempfile.TemporaryDirectory() as folder:  # the same on a small scale
        explanations(ic.load_model(str(build("bert-2-labels", Path(folder) / "bert"))))
        writing(ic.load_model(str(build("gpt2", Path(folder) / "gpt2"))))
    conversions()
    assert "peft" not in sys.modules, "peft takes seconds, and is for adapters alone"
    files()
    pictures()
    with tempfile.TemporaryDirectory() as folder, thin.embedded(Path(folder)):
        pages()
    Path(target).write_text(json.dumps(imported()), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
