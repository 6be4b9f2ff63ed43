"""The walls of a shared server hold on every page; without the switch there are none."""

from __future__ import annotations

import ast
import shutil
import tomllib
from dataclasses import replace
from itertools import count

import pandas as pd
import pytest
import streamlit as st
from streamlit import config
from transformers import AutoConfig, AutoModelForCausalLM

import interp_core as ic
from interp_core import progress
from interp_core.models import preprocessors
from interp_core.ui.embedding.results import kept
from interp_core.ui.heads import corpus
from interp_core.ui.server import cache, jobs
from interp_core.ui.server import limits as server_limits
from interp_core.ui.server.limits import digest
from interp_core.ui.widgets import uploads
from tests.safety.opened import QUICK, ROOT, VIEWS, alive, at_view, opened

TEXT = "The plot is not bad at all."


pytestmark = pytest.mark.usefixtures("thin_models")  # nothing that a model has learned is read


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_resource.clear()
    st.cache_data.clear()


@pytest.fixture
def shared(monkeypatch):
    """The shared mode; `shared(texts=5)` tightens its limits."""
    monkeypatch.setenv("CLEARHEAD_SHARED", "1")

    def tighten(**limits) -> None:
        monkeypatch.setattr(server_limits, "LIMITS", replace(server_limits.LIMITS, **limits))

    return tighten


@pytest.fixture
def long_reader(tiny, tmp_path, monkeypatch):
    """A language model that reads 1,024 tokens, open on a shared server."""
    folder = shutil.copytree(tiny("gpt2"), tmp_path / "long")
    network = AutoModelForCausalLM.from_config(
        AutoConfig.from_pretrained(folder, max_position_embeddings=1024, n_positions=1024)
    )
    network.save_pretrained(folder)
    monkeypatch.setenv("CLEARHEAD_MODELS", str(folder))
    yield str(folder)
    preprocessors.most_tokens = None


def said(app) -> str:
    return " ".join(each.value for each in (*app.error, *app.info)).replace("\\", "")


# ------------------------------------------------------------------------------------- the switch


@pytest.mark.parametrize(
    ("value", "expected"),
    [("1", True), ("true", True), ("maybe", True), ("0", False), ("", False), ("Off", False)],
)
def test_the_environment_switches_it_and_a_slip_of_the_pen_opens_nothing(
    monkeypatch, value, expected
):
    monkeypatch.setenv("CLEARHEAD_SHARED", value)
    assert server_limits.is_shared() is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("shared = true", True), ("shared = false", False), ("", False), ("shared = ", True)],
)
def test_the_file_switches_it_and_a_broken_one_opens_nothing(monkeypatch, tmp_path, text, expected):
    monkeypatch.delenv("CLEARHEAD_SHARED", raising=False)
    monkeypatch.setattr(server_limits, "FILE", tmp_path / "clearhead.toml")
    assert server_limits.is_shared() is False
    server_limits.FILE.write_text(text)
    assert server_limits.is_shared() is expected


def test_models_are_added_by_the_environment_or_the_file(monkeypatch, tmp_path):
    monkeypatch.setattr(server_limits, "FILE", tmp_path / "clearhead.toml")
    server_limits.FILE.write_text('shared = true\nmodels = ["me/one", "/srv/two"]')
    assert {"sentiment", "me/one", "/srv/two"} <= set(server_limits.allowed_models())
    monkeypatch.setenv("CLEARHEAD_MODELS", " me/three ,")
    assert "me/three" in server_limits.allowed_models()
    assert "" not in server_limits.allowed_models()


def test_the_documentation_states_the_limits():
    table = (
        (ROOT / "docs/sharing.md").read_text(encoding="utf-8").split("| on a shared server |")[1]
    )
    limits = server_limits.LIMITS
    for figure in (
        limits.characters,
        limits.all_characters,
        limits.rows,
        limits.texts,
        limits.points,
    ):
        assert f"{figure:,}" in table[:600]
    assert f"| tokens of a text | {limits.tokens:,}" in table[:600]
    assert f"{limits.upload_bytes // 2**20} MB" in table[:600]
    assert f"{limits.seconds:.0f} seconds" in table[:600]


# ------------------------------------------------------------------------------------- the models


@pytest.mark.parametrize("name", ["/etc", "me/model", " sentiment", "sentiment/", "../sentiment"])
def test_a_model_that_is_not_listed_is_refused_before_anything_is_looked_up(
    shared, monkeypatch, name
):
    monkeypatch.setattr(ic, "load_model", lambda *_: pytest.fail("loaded"))
    monkeypatch.setattr(cache.Path, "iterdir", lambda *_: pytest.fail("looked into a folder"))
    for ask in (cache.model, cache.stamp, lambda name: cache.attention(name, TEXT, None)):
        with pytest.raises(server_limits.ModelClosed, match=r"shared server.*Hub id"):
            ask(name)


@pytest.mark.parametrize("page", VIEWS)
def test_no_page_opens_a_folder_from_the_address(shared, tiny, page):
    app = opened(page, {"model": str(tiny("bert-2-labels")), "text": TEXT})
    assert alive(app)
    assert "shared server" in said(app)


@pytest.mark.parametrize(
    ("page", "key", "state"),
    [
        ("compare_models", "rival", {}),
        ("head_entropy", "second_model", {"heads_view": "compare", "corpus": "text"}),
        ("embedding_projector", "model2", {"look": "compare", "against": "model"}),
    ],
)
def test_no_second_model_opens_a_folder(shared, tiny, page, key, state):
    folder = str(tiny("bert-2-labels"))
    for query, held in (({key: folder}, {}), ({}, {key: folder})):
        app = opened(page, {"text": TEXT, **query}, **state, **held)
        assert alive(app)
        assert "shared server" in said(app)


def test_a_model_that_was_added_is_opened(shared, tiny, monkeypatch):
    folder = str(tiny("bert-2-labels"))
    monkeypatch.setenv("CLEARHEAD_MODELS", folder)
    app = opened("attention_heads", {"model": folder, "text": TEXT})
    assert alive(app)
    assert not app.error


def test_the_list_offers_what_is_open_and_takes_nothing_typed(shared):
    app = opened("attention_heads")
    box = next(each for each in app.selectbox if each.key == "model")
    assert set(box.options) == {card.name for card in ic.bundled_models()}
    assert not box.proto.accept_new_options


def test_no_program_drives_the_app_and_a_far_site_cannot_connect():
    """Streamlit's interface for programs, and foreign pages in a visitor's browser."""
    settings = tomllib.loads((ROOT / ".streamlit/config.toml").read_text(encoding="utf-8"))
    assert settings["server"]["enableAgentApi"] is False
    assert settings["server"].get("enableCORS", True) is True
    assert settings["server"].get("enableXsrfProtection", True) is True
    assert settings["client"]["showErrorDetails"] == "none"


def test_only_the_cache_loads_models_and_only_the_uploader_takes_files():
    """What holds for these two functions holds for every page."""
    calls = {"load_model": "loading.py", "file_uploader": "uploads.py"}
    for path in [*ROOT.glob("pages/*.py"), *ROOT.glob("interp_core/ui/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = getattr(node, "attr", getattr(node, "id", None))
            assert name not in calls or path.name == calls[name], path


# ------------------------------------------------------------------------------- texts and uploads


@pytest.mark.parametrize("page", VIEWS)
@pytest.mark.parametrize("key", ["text", "pair"])
def test_too_long_a_text_is_refused_on_every_page(shared, page, key):
    shared(characters=50)
    app = opened(page, {"text": TEXT, key: "word " * 20}, **QUICK)
    assert alive(app)
    assert "limit: 50 characters per text" in said(app)


@pytest.mark.parametrize(
    ("page", "view", "state"),
    [
        ("attention_heads", "compare", {"mode": "texts", "text_b": "word " * 20}),
        ("word_attributions", "what_if", {"edited": "word " * 20}),
        ("word_attributions", "many", {"many": "word " * 20}),
    ],
)
def test_too_long_a_second_text_is_refused(shared, page, view, state):
    shared(characters=50)
    app = at_view(page, view, {"text": TEXT}, model="sentiment", **state)
    assert "limit: 50 characters per text" in said(app)


def test_many_texts_have_a_limit_of_their_sum(shared):
    shared(all_characters=100)
    texts = "\n".join([TEXT] * 10)
    app = at_view("word_attributions", "many", model="sentiment", many=texts)
    assert "100 in total" in said(app)


UPLOADERS = [
    ("embedding_projector", {"points": "table"}, "a.csv"),
    ("embedding_projector", {"points": "vectors"}, "a.tsv"),
    ("head_entropy", {"corpus": "file"}, "a.txt"),
    ("audit", {"audit_data": "file"}, "a.csv"),
    ("word_attributions", {"show": "many"}, "a.csv"),
    ("attention_heads", {"model": "digits", "picture": "upload an image"}, "a.png"),
]


@pytest.mark.parametrize(("page", "state", "name"), UPLOADERS)
def test_too_large_a_file_is_refused_on_the_server(shared, page, state, name):
    shared(upload_bytes=1000)
    app = opened(page, **state)
    assert app.file_uploader[0].proto.max_upload_size_mb == 1
    data = b"text,label\n" + b"a good film,1\n" * 100
    app.file_uploader[0].set_value((name, data, "text/plain")).run()
    assert alive(app)
    assert "The file is too large for this shared server" in said(app)


def test_the_server_itself_refuses_larger_uploads(shared):
    """A page sees a file when it is in memory already."""
    config.set_option("server.maxUploadSize", 50)
    opened("attention_heads")
    assert config.get_option("server.maxUploadSize") == server_limits.LIMITS.upload_bytes // 2**20


@pytest.mark.parametrize(
    ("page", "state"),
    [
        ("attention_heads", {}),
        ("word_attributions", {}),
        ("language_models", {"lm_view": "next"}),
        ("head_entropy", {"corpus": "text"}),
    ],
)
def test_a_text_has_a_limit_of_tokens_whatever_the_model_reads(shared, long_reader, page, state):
    """Memory grows with the square of the tokens: two thousand take twenty gigabytes."""
    app = opened(page, {"model": long_reader, "text": "word " * 600}, **state)
    assert alive(app)
    assert "at most 512" in said(app)


def test_long_texts_of_a_table_are_cut_at_the_limit_of_tokens(shared, long_reader):
    opened("attention_heads")
    model = cache.model(long_reader)
    cut = ic.token_vectors(model, ["word " * 600], truncate=True)
    assert len(cut) == model.max_tokens == 512


def test_without_the_switch_a_text_is_as_long_as_the_model_reads(long_reader):
    opened("attention_heads")
    assert ic.load_model(long_reader).max_tokens == 1024


def test_a_table_has_a_limit_of_rows(shared):
    shared(rows=10)
    app = opened("embedding_projector", points="table")
    data = b"text\n" + b"a good film\n" * 11
    app.file_uploader[0].set_value(("a.csv", data, "text/csv")).run()
    assert alive(app)
    assert "10" in said(app)


# ---------------------------------------------------------------------------------- computations


def with_corpus(lines: int, **state):
    data = "\n".join(f"A good film, number {place}." for place in range(lines)).encode()
    uploads.files().get(digest(data), lambda: data)
    held = {"corpus": "file", corpus.HELD: ("films.txt", digest(data))}
    return opened("head_entropy", model="sentiment", **held, **state)


def test_a_corpus_has_a_limit_of_texts(shared):
    shared(texts=20)
    app = with_corpus(40, corpus_size=100)
    assert alive(app)
    assert "20 texts of films" in " ".join(each.value for each in app.caption)


@pytest.mark.parametrize("source", ["sentences", "file"])
def test_a_corpus_has_a_limit_of_texts_whatever_was_asked(shared, source):
    shared(texts=20)
    data = b"A good film.\n" * 40
    uploads.files().get("many", lambda: data)
    asked = corpus.Asked("sentiment", "", source, 10_000, "many")
    assert len(list(corpus.rows(asked))) == 20


def test_a_pasted_corpus_has_a_limit_of_texts(shared):
    shared(texts=3)
    app = opened("head_entropy", {"text": "One.\nTwo.\nThree.\nFour."}, corpus="text")
    assert "3 texts, " in " ".join(each.value for each in app.caption)


def test_a_corpus_has_a_limit_of_seconds_and_keeps_what_it_has(shared):
    shared(seconds=0.0)
    app = with_corpus(700, corpus_size=1000)
    assert alive(app)
    assert "0 seconds" in said(app)
    assert "Stopped after" in said(app)


def test_a_computation_has_a_limit_of_seconds(shared):
    shared(seconds=-1.0)
    app = opened("word_attributions", {"text": TEXT})
    assert alive(app)
    assert "reached the limit" in said(app)


@pytest.mark.parametrize("method", ["integrated_gradients", "shapley_sampling"])
def test_one_of_many_texts_takes_no_longer_than_a_computation(shared, monkeypatch, method):
    """The clock is read within a text, whether it shares the passes of others or has its own."""
    app = at_view(
        "word_attributions",
        "many",
        model="sentiment",
        many="A film of one evening.",
        method=method,
        many_scores=False,
    )
    assert not app.error
    monkeypatch.setattr(progress, "EVERY", float("inf"))  # no looks but those of the method
    looks = count()
    monkeypatch.setattr(server_limits, "clock", lambda: lambda: next(looks) >= 3)
    app.toggle(key="many_scores").set_value(True).run()
    assert alive(app)
    assert app.session_state["method"] == method
    assert next(looks) == 4
    assert "reached the limit" in said(app)


def test_the_time_in_the_queue_does_not_count(shared, monkeypatch):
    asked = []
    monkeypatch.setattr(server_limits, "clock", lambda: asked.append(cache.COMPUTE.running) or bool)
    jobs.run("key of a test", "Test", lambda progress: progress(1, 2) or 1)
    assert asked == [1]


@pytest.mark.parametrize("method", ["umap", "tsne"])
def test_slow_pictures_have_a_limit_of_points(shared, method):
    shared(points=20)
    frame = pd.DataFrame({"text": [f"word {place}" for place in range(30)]})
    kept().get(("table", "points"), lambda: frame)
    state = {"points": "table", "projector_table": ("a.csv", "points"), "model": "encoder"}
    app = opened("embedding_projector", reducer=method, **state)
    assert alive(app)
    assert "(30; limit: 20)" in said(app)
    assert not opened("embedding_projector", reducer="pca", **state).error


@pytest.mark.parametrize("method", ["kmeans", "hdbscan"])
def test_clusters_have_a_limit_of_points(shared, method):
    """Two hundred clusters of a vocabulary take three minutes in which nothing stops them."""
    shared(points=20)
    frame = pd.DataFrame({"text": [f"word {place}" for place in range(30)]})
    kept().get(("table", "clusters"), lambda: frame)
    state = {"points": "table", "projector_table": ("a.csv", "clusters"), "model": "encoder"}
    app = opened("embedding_projector", look="checks", check="clusters", clustering=method, **state)
    assert alive(app)
    assert "(30; limit: 20)" in said(app)


def test_drawing_again_by_slow_methods_has_a_limit_of_points(shared):
    """Whatever the picture was drawn by."""
    shared(points=20)
    frame = pd.DataFrame({"text": [f"word {place}" for place in range(30)]})
    kept().get(("table", "again"), lambda: frame)
    app = opened(
        "embedding_projector",
        points="table",
        projector_table=("a.csv", "again"),
        look="trust",
        model="encoder",
        reducer="pca",
    )
    assert not app.error
    next(each for each in app.button if each.label.startswith("Rerun")).click().run()
    assert alive(app)
    assert "(30; limit: 20)" in said(app)


def test_without_the_switch_there_are_no_walls(tiny):
    assert server_limits.limits() is None
    server_limits.check_model("/anything")
    server_limits.check_texts(("x" * 10**6,))
    server_limits.check_upload(10**9)
    server_limits.check_points(10**6, "umap")
    assert server_limits.at_most(10**6, "texts") == 10**6
    assert not opened("attention_heads", {"model": str(tiny("bert")), "text": TEXT}).error


# ------------------------------------------------------------------------------------- tracebacks


def test_no_traceback_reaches_the_page_or_the_log(shared, monkeypatch, capfd):
    def broken(*_args):
        raise ValueError("quotes SECRET words")

    monkeypatch.setattr(cache, "attention", broken)
    st.set_option("client.showErrorDetails", "full")
    app = opened("attention_heads", {"text": "SECRET words"})
    assert st.get_option("client.showErrorDetails") == "none"
    assert "Unexpected error" in said(app)
    assert not app.exception
    assert "SECRET" not in "".join(capfd.readouterr())


def test_what_escapes_the_page_is_logged_without_its_words(shared, capfd, caplog):
    """An error in a callback, say, which Streamlit itself reports."""
    from streamlit import error_util

    opened("attention_heads", {"text": TEXT})
    try:
        raise ValueError("quotes SECRET words")
    except ValueError as error:
        error_util._log_uncaught_app_exception(error)
    logged = "".join([caplog.text, *capfd.readouterr()])
    assert "ValueError at test_shared_mode.py" in logged
    assert "SECRET" not in logged
