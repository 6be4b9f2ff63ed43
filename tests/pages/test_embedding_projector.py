"""The projector run by Streamlit's test harness: every view, source, method and mistake."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from PIL import Image
from streamlit import dataframe_util
from streamlit.testing.v1 import AppTest

import interp_core as ic
from interp_core.datasets import PHOTOS
from interp_core.files.tables import read_table
from interp_core.ui.embedding import point_choice, sources
from interp_core.ui.embedding.question import SOURCES
from interp_core.ui.embedding.results import kept
from interp_core.ui.images import question
from interp_core.ui.server.limits import digest
from interp_core.ui.widgets import uploads
from tests.pages.running import charts, run, shows, words

ROOT = Path(__file__).resolve().parents[2]
VIEWS = ("picture", "layers", "compare", "checks", "trust", "shape")
TEXT = "The bank of the river was steep.\nThe bank lent us money."
REVIEWS = pd.DataFrame(
    {
        "review": [
            f"{what} {how}, {end}"
            for what in ("The plot is", "The acting is", "The music is", "The film is")
            for how in ("wonderful", "moving", "dreadful", "boring")
            for end in ("said the critic", "we thought")
        ],
        "label": [1, 1, 1, 1, 0, 0, 0, 0] * 4,
        "stars": np.linspace(0.5, 4.9, 32),
    }
)
REVIEWS.loc[5, "label"] = 1


@pytest.fixture(scope="module", autouse=True)
def clear_caches():
    yield
    st.cache_resource.clear()


def opened(**state) -> AppTest:
    return run("embedding_projector", **{"model": "encoder", "text": TEXT, **state})


def with_table(frame: pd.DataFrame = REVIEWS, **state) -> AppTest:
    """The page with an uploaded table, as the uploader leaves it."""
    kept().get(("table", "digest"), lambda: read_table(frame.to_csv(index=False).encode()))
    return opened(points="table", projector_table=("reviews.csv", "digest"), **state)


def with_vectors(values, frame=None, **state) -> AppTest:
    """The page with uploaded vectors."""
    made = ic.make_vectors(np.asarray(values, dtype=np.float32), frame)
    kept().clear()
    kept().get(("vectors", "digest"), lambda: made)
    return opened(points="vectors", projector_vectors=("own.npy", "digest"), **state)


def decks(app: AppTest) -> list[dict]:
    return [json.loads(each.proto.json) for each in app.get("deck_gl_json_chart")]


def fine(app: AppTest) -> bool:
    assert not app.exception
    assert not app.error, app.error[0].value
    return True


SHOWN = [
    *((view, source) for view in VIEWS for source in ("word_groups", "text")),
    *((view, "vocabulary") for view in VIEWS if view != "compare"),
    *(("layers", "ambiguous_words"), ("shape", "ambiguous_words"), ("picture", "requests")),
]


@pytest.mark.parametrize(("view", "source"), SHOWN)
def test_every_view_of_every_source_draws_or_says_why_not(view, source, monkeypatch):
    whole = ic.sample_table
    monkeypatch.setattr(ic, "sample_table", lambda name: whole(name)[:300])  # of 2,000 requests
    app = opened(look=view, points=source, rank_to=1200)
    assert fine(app)
    assert app.title[0].value == "Embedding projector"
    assert ("How to read this" in words(app)) == bool(charts(app) or app.metric)
    refused = {("layers", "vocabulary"): "no layers", ("checks", "vocabulary"): "No labels"}
    said = refused.get((view, source))
    assert (said in words(app)) if said else charts(app)


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_of_a_users_table_and_vectors_draws(view):
    assert fine(with_table(look=view))
    vectors = ic.project(np.random.default_rng(0).normal(size=(60, 8)), method="pca").coordinates
    frame = pd.DataFrame({"text": [f"w{i}" for i in range(60)], "kind": ["a", "b", "c"] * 20})
    assert fine(with_vectors(vectors, frame, look=view))


@pytest.mark.parametrize("method", ["pca", "umap", "tsne", "axis"])
@pytest.mark.parametrize("dimensions", [2, 3])
def test_every_method_shows_the_figures_of_the_projection(encoder, method, dimensions):
    app = opened(reducer=method, dimensions=dimensions)
    assert fine(app)
    texts = list(ic.sample_table("word_groups")["text"])
    vectors = ic.token_vectors(encoder, texts, pooling="mean")
    ends = [(["Paris", "Berlin", "Rome"], ["France", "Germany", "Italy"])]
    ends += [(["sadness", "fear"], ["joy", "love"]), (["walk", "eat"], ["walked", "ate"])]
    options = {"axes": tuple(ends[:dimensions])} if method == "axis" else {}
    drawn = ic.project(vectors, method=method, dimensions=dimensions, **options)
    quality = drawn.quality
    assert f"trustworthiness {quality.trustworthiness:.2f}" in words(app)
    assert f"continuity {quality.continuity:.2f}" in words(app)
    assert f"{quality.kept:.0%} of the 15 nearest neighbours preserved" in words(app)
    assert ("are not meaningful" in words(app)) == (method in ("umap", "tsne"))
    assert bool(decks(app)) == (dimensions == 3)
    assert bool(charts(app)) == (dimensions == 2)


def test_the_card_shows_the_true_neighbours_in_the_original_space(encoder):
    app = opened(point="3: Spain")
    texts = list(ic.sample_table("word_groups")["text"])
    vectors = ic.token_vectors(encoder, texts, pooling="mean")
    near = ic.nearest_neighbours(vectors, 3, k=10)
    table = next(each.value for each in app.dataframe if "neighbour" in each.value)
    assert list(table["neighbour"]) == [texts[row] for row in near["index"]]
    assert table["cosine"].to_numpy() == pytest.approx(near["distance"].to_numpy(), abs=1e-5)
    assert "**Spain**" in words(app)


def test_a_point_in_the_address_is_found_by_its_number_and_a_wrong_one_forgotten():
    assert "**Spain**" in words(opened(point="3: another text"))
    app = opened(point="99999: nothing")
    assert fine(app)
    assert not [each for each in app.dataframe if "neighbour" in each.value]


def test_a_point_is_let_go_with_its_data_and_stays_with_its_layer():
    app = opened(points="text", reducer="pca")
    name = app.selectbox(key="point").options[3]
    app = app.selectbox(key="point").set_value(name).run()
    app.slider(key="depth").set_value(1).run()
    assert app.selectbox(key="point").value == name
    app.text_area(key="text").set_value("Nobody saw it come.").run()
    assert app.selectbox(key="point").value is None
    assert app.selectbox(key="point").proto.set_value


def test_a_search_counts_and_rings_what_it_finds():
    app = opened(find="verb")
    assert "No points match" in words(app)
    app = opened(find="LON")
    assert "of 210 points match" in words(app)


def test_layers_show_the_way_of_a_point_and_how_the_senses_part(encoder):
    app = opened(look="layers", points="ambiguous_words", point="0: x", stage=2)
    assert fine(app)
    assert "layer 2 of 6" in words(app)
    assert "Line: trajectory" in words(app)
    assert "Group separation by layer" in words(app)


def test_layers_follow_with_umap_and_tsne():
    for method in ("umap", "tsne"):
        assert fine(opened(look="layers", points="ambiguous_words", reducer=method))


@pytest.mark.parametrize("against", ["layer", "model", "method", "seed"])
def test_two_sides_say_what_they_share(encoder, against):
    app = opened(look="compare", against=against)
    assert fine(app)
    assert "Shared nearest neighbours" in words(app)
    if against == "layer":
        texts = list(ic.sample_table("word_groups")["text"])
        near = [
            ic.find_neighbours(ic.token_vectors(encoder, texts, pooling="mean", layer=layer))
            for layer in (6, 0)
        ]
        same = np.mean([len(set(a) & set(b)) / 15 for a, b in zip(*(n.indices for n in near))])
        assert f"Shared nearest neighbours: {same:.0%}" in words(app)


@pytest.mark.parametrize("check", ["conflicts", "clusters", "outliers", "hubs"])
def test_every_check_lists_points_with_their_texts(check):
    app = opened(look="checks", check=check)
    assert fine(app)
    table = app.dataframe[-1].value
    assert {"point", "text"} <= set(table)
    assert len(table) == 100


def test_the_conflicts_on_the_page_are_those_of_the_package(encoder):
    app = opened(look="checks")
    sample = ic.sample_table("word_groups")
    vectors = ic.token_vectors(encoder, list(sample["text"]), pooling="mean")
    table = ic.label_conflicts(vectors, sample["group"])
    assert list(app.dataframe[-1].value["point"]) == list(table["index"])[:100]
    against = int((table["conflict"] > 0).sum())
    assert f"{against} of 210 points have neighbours that mostly" in words(app)


def test_hdbscan_and_a_number_of_clusters_can_be_chosen():
    app = opened(look="checks", check="clusters", cluster_count=4)
    assert "**4 clusters**" in words(app)
    assert fine(opened(look="checks", check="clusters", clustering="hdbscan", cluster_least=5))


def test_trust_shows_the_scores_and_draws_again_on_demand(encoder):
    app = opened(look="trust", reducer="tsne")
    texts = list(ic.sample_table("word_groups")["text"])
    drawn = ic.project(ic.token_vectors(encoder, texts, pooling="mean"), method="tsne")
    assert shows(app.metric[0].value, drawn.trustworthiness, "{:.3f}")
    next(each for each in app.button if "3 seeds" in each.label).click()
    app.run()
    assert fine(app)
    assert "agree on" in words(app)
    assert len(app.dataframe[-1].value) == 6


def test_layers_are_shown_from_the_first_on():
    app = opened(look="layers", points="text")
    for layer in (0, 1, 2):
        assert f"layer {layer} of 6" in words(app)
        app.button(key="stage_next").click().run()
    app = opened(look="layers", points="text", stage=6)
    app.button(key="stage_next").click().run()
    assert "layer 0 of 6" in words(app)


def test_the_shape_of_the_space_is_that_of_the_package(encoder):
    app = opened(look="shape", points="text", **{"section_All measures": True})
    texts = TEXT.splitlines()
    table = ic.geometry(ic.token_vectors(encoder, texts, layer="all"))
    shown = app.dataframe[0].value
    assert shown["anisotropy"].to_numpy() == pytest.approx(table["anisotropy"].to_numpy(), abs=1e-5)


def test_every_column_of_a_table_can_colour_the_points():
    for name in ("label", "stars", "k-means cluster", "reliability"):
        assert fine(with_table(colour_table=name)), name
        legend = "quantitative" if name in ("stars", "reliability") else "nominal"
        assert f'"type": "{legend}"' in json.dumps(charts(with_table(colour_table=name))[0])


def test_predictions_colour_the_points_and_coded_labels_say_which_are_correct(real_models):
    app = with_table(model="sentiment", colour_table="correct")
    assert fine(app)
    sentiment = ic.load_model("sentiment")
    said = [ic.attribute(sentiment, REVIEWS["review"][5], method="leave_one_out").prediction.label]
    assert said == ["negative"]
    spec = json.dumps(charts(app)[0])
    assert '"domain": ["correct", "wrong"]' in spec
    domain = json.dumps(charts(with_table(model="sentiment", colour_table="prediction"))[0])
    assert '"domain": ["negative", "positive"]' in domain


def test_images_are_coloured_by_the_predictions_they_were_read_with():
    for source in ("images", "digits"):
        state = {"points": source, f"colour_{source}": "prediction"}
        app = opened(model="digits", **state)
        assert fine(app)
        said = {"0", "1"} if source == "images" else set("0123456789")
        (chart,) = charts(app)
        colours = [each["encoding"].get("color", {}) for each in chart["layer"]]
        (scale,) = [each["scale"] for each in colours if "scale" in each]
        assert said <= set(scale["domain"])


def test_labels_that_are_numbers_are_checked_for_conflicts(real_models):
    app = with_table(look="checks", model="sentiment")
    assert fine(app)
    assert app.dataframe[-1].value["point"][0] == 5


def test_a_table_with_columns_named_like_ours_keeps_them():
    frame = REVIEWS.rename(columns={"label": "row", "stars": "layer"}).assign(x="a", found="b")
    assert fine(with_table(frame, **{"colour_table": "row (of the file)"}))


@pytest.mark.parametrize(
    ("frame", "said"),
    [
        (REVIEWS.head(1), "at least 2 points"),
        (REVIEWS.head(2), None),
        (REVIEWS.head(3), None),
        (pd.concat([REVIEWS] * 3), None),
        (pd.DataFrame({"review": ["same"] * 9}), "All vectors are equal"),
        (pd.DataFrame({"review": ["", " "], "other": [1, 2]}), "contains no text"),
    ],
)
def test_few_equal_and_empty_texts_get_a_picture_or_a_sentence(frame, said):
    kept().clear()
    for view in VIEWS:
        app = with_table(frame, look=view)
        assert not app.exception
        assert not [each for each in app.error if "Unexpected error" in each.value]
        if view == "picture":
            assert (said in app.error[0].value.replace("\\", "")) if said else not app.error


@pytest.mark.parametrize("view", VIEWS)
def test_columns_of_vectors_that_would_break_a_reader_do_not_break_the_page(view):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "text": ["<b>", "", "a" * 5000, "x\ny"] * 10,
            "layer": ["first", "second"] * 20,
            "rank": ["a", "b"] * 20,
            "norm": [None, "x"] * 20,
            "a.b[c]'d\"": ["p", "q"] * 20,
            "mixed": [1, "x", None, 2.5] * 10,
            "number": [np.inf, np.nan, 1.0, 2.0] * 10,
            "</script>": ["</script><img src=x>", "b"] * 20,
        }
    )
    assert fine(with_vectors(rng.normal(size=(40, 6)), frame, look=view))


def test_a_file_of_this_session_is_drawn_and_the_address_says_so():
    data = REVIEWS.to_csv(index=False).encode()
    uploads.files().get(digest(data), lambda: data)
    app = opened(**{uploads.SESSION_FILE: ("reviews.csv", digest(data))})
    assert app.selectbox(key="points").value == "table"
    assert app.query_params["points"] == SOURCES["table"]
    app = app.selectbox(key="points").set_value("word_groups").run().run()
    assert app.selectbox(key="points").value == "word_groups"


def test_a_forgotten_upload_is_asked_for_again():
    kept().clear()
    app = opened(points="table", projector_table=("reviews.csv", "gone"))
    assert "Upload it again" in words(app)


def test_a_model_of_pictures_shows_pictures_and_offers_no_texts(tiny):
    app = opened(model=str(tiny("vit")), points="requests")
    assert fine(app)
    offered = app.selectbox(key="points").options
    assert "Requests (7 intents)" not in offered
    assert "Vectors from a file" in offered


def images_of(app: AppTest) -> list[dict]:
    """The thumbnails that are drawn: x, y, url."""
    (chart,) = app.get("vega_lite_chart")
    layers = json.loads(chart.proto.spec)["layer"]
    names = [each["data"]["name"] for each in layers if each["mark"]["type"] == "image"]
    read = dataframe_util.convert_arrow_bytes_to_pandas_df
    found = {each.name: each.data.data for each in chart.proto.datasets if each.name in names}
    return [row for name in names for row in read(found[name]).to_dict("records")]


def mine() -> tuple[str, str]:
    """An image as the uploader leaves it: its name, and the digest by which it is held."""
    noise = np.random.default_rng(0).integers(0, 255, (30, 40, 3), np.uint8)
    data = io.BytesIO()
    Image.fromarray(noise).save(data, "PNG")
    key = digest(data.getvalue())
    question._pictures().get(key, lambda: ic.read_image(data.getvalue()))
    return "<b>mine</b>.png", key


@pytest.fixture
def large(monkeypatch):
    """Every model of images counts as one of large images."""
    for module in (question, point_choice):
        monkeypatch.setattr(module, "SMALL", 8)


def test_models_of_large_images_show_photographs_and_uploads_as_thumbnails(tiny, large):
    state = {"model": str(tiny("vit")), "pictures_files": [mine()], "point": "1: flower"}
    app = opened(**state)
    assert fine(app)
    assert app.selectbox(key="points").value == "images"
    drawn = images_of(app)
    assert len(drawn) == len(PHOTOS) + 1
    assert len({each["url"] for each in drawn}) == len(drawn)
    assert all(each["url"].startswith("data:image/") for each in drawn)
    assert all(len(each["url"]) < 8_000 for each in drawn[:-1])
    model = ic.load_model(str(tiny("vit")))
    images = [*ic.sample_photos(), question.again([(mine()[1], mine()[0])])[0].image]
    vectors = ic.image_vectors(model, images, pooling="mean")
    expected = ic.project(vectors, method="pca").coordinates
    shown = [[each["x"], each["y"]] for each in drawn]
    np.testing.assert_allclose(shown, expected, rtol=1e-3, atol=1e-4)
    assert "**flower**" in words(app)
    assert "not your images" in words(app)
    assert "<b>mine" not in words(app)


def test_patches_and_more_points_than_forty_are_ordinary_points(tiny, large, monkeypatch):
    state = {"model": str(tiny("vit")), "points": "images"}
    assert not images_of(opened(unit_images="token", **state))
    assert len(images_of(opened(points="digits", model=state["model"]))) == 40
    monkeypatch.setattr(sources, "THUMBNAILS", 5)
    assert not images_of(opened(**state))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("unit", ["mean", "token"])
def test_every_view_of_a_few_images_draws_or_says_why_not(tiny, large, view, unit):
    app = opened(model=str(tiny("vit")), look=view, unit_images=unit)
    assert fine(app)
    assert charts(app) or "No labels" in words(app)


def test_few_images_are_projected_by_every_method_or_refused_in_a_sentence(tiny, large):
    for method in ("umap", "tsne"):
        state = {"model": str(tiny("vit")), "points": "images", "reducer": method}
        assert fine(opened(**state))
        app = opened(pictures=["temple", "face"], **state)
        assert "needs at least 5 points; there are 2" in app.error[0].value.replace("\\", "")


def test_images_of_models_of_small_images_are_digits_and_none_asks_for_some(tiny):
    state = {"model": str(tiny("vit")), "points": "images"}
    assert len(images_of(opened(**state))) == question.USUAL
    app = opened(pictures=[], **state)
    assert fine(app)
    assert "Choose or upload images" in words(app)


def test_patches_of_many_images_at_all_layers_are_refused_in_a_sentence(tiny, large, monkeypatch):
    monkeypatch.setattr(sources, "LAYERS_BYTES", 10_000)
    state = {"model": str(tiny("vit")), "points": "images", "unit_images": "token"}
    assert fine(opened(**state))
    assert "Choose fewer images" in opened(look="layers", **state).error[0].value


def test_a_missing_word_of_an_axis_gets_a_sentence():
    app = opened(reducer="axis", axis_word_groups_0_from="Atlantis")
    assert "Atlantis" in app.error[0].value
    assert "is not in the data" in app.error[0].value
    app = opened(reducer="axis", axis_word_groups_0_from=" , ")
    assert "Define each axis" in words(app)


@pytest.mark.parametrize("source", ["word_groups", "ambiguous_words", "vocabulary", "text"])
def test_own_axes_begin_with_ends_that_exist(source):
    for dimensions in (2, 3):
        assert fine(opened(points=source, reducer="axis", dimensions=dimensions, rank_to=3500))


def test_no_entry_of_the_vocabulary_gets_a_sentence():
    app = opened(points="vocabulary", containing="qqqqq")
    assert "Relax the filters" in app.error[0].value


class Offered:
    """What a view hands to the downloads, caught."""

    def __init__(self, monkeypatch) -> None:
        from interp_core.ui.embedding import downloads

        self.drawn = []
        monkeypatch.setattr(downloads, "show", lambda drawn, view: self.drawn.append((drawn, view)))


@pytest.mark.parametrize(
    ("view", "source"),
    [*((view, "ambiguous_words") for view in VIEWS), ("picture", "text"), ("shape", "vocabulary")],
)
def test_the_script_computes_the_table_of_the_view_row_by_row(monkeypatch, view, source):
    offered = Offered(monkeypatch)
    fine(opened(look=view, points=source, rank_to=1200, stage=3, check="outliers"))
    drawn, _ = offered.drawn[-1]
    namespace: dict = {}
    exec(drawn.script(), namespace)  # the script we ourselves wrote
    pd.testing.assert_frame_equal(namespace["table"], drawn.table, rtol=1e-4, atol=1e-4)


def test_the_downloaded_neighbours_are_those_of_the_layer_in_view(monkeypatch, encoder):
    from interp_core.ui.embedding.downloads import neighbour_table

    texts = list(ic.sample_table("word_groups")["text"])
    offered = Offered(monkeypatch)
    for stage in (6, 1):
        opened(look="layers", stage=stage)
        table = neighbour_table(offered.drawn[-1][0])
        vectors = ic.token_vectors(encoder, texts, pooling="mean", layer=stage)
        knn = ic.find_neighbours(vectors)
        assert list(table["neighbour"]) == knn.indices.ravel().tolist()
        assert table["neighbour text"][0] == texts[knn.indices[0, 0]]


@pytest.mark.parametrize("kind", ["tsv", "npy", "parquet", "safetensors"])
def test_downloaded_vectors_read_back_as_they_were(monkeypatch, kind):
    from interp_core.ui.embedding.downloads import _vectors

    offered = Offered(monkeypatch)
    opened()
    vectors = offered.drawn[-1][0].vectors
    files = {}
    for name, _, make in _vectors(vectors).values():
        files[name] = io.BytesIO(make())
        files[name].name = name
    words_apart = files["metadata.tsv"] if kind in ("tsv", "npy") else None
    again = ic.read_vectors(files[f"vectors.{kind}"], metadata=words_apart)
    np.testing.assert_array_equal(again.values, vectors.values)
    assert list(again.frame["text"]) == list(vectors.frame["text"])
    assert list(again.frame["group"]) == list(vectors.frame["group"])
