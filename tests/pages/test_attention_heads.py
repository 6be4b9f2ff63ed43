"""The attention page run by Streamlit's test harness: every view, option and mistake."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

import interp_core as ic
from tests.pages.running import charts, clicked, run, shows, words

ROOT = Path(__file__).resolve().parents[2]
TEXT = "The cat sat on the mat because it was tired."
VIEWS = ("overview", "to_token", "lines", "heatmap", "overlay", "layers", "compare")


def opened(**state) -> AppTest:
    return run("attention_heads", **{"model": "encoder", "text": TEXT, **state})


@pytest.fixture
def app():
    return opened()


def test_the_page_opens_on_the_overview_with_no_error(app):
    assert not app.exception
    assert not app.error
    assert app.title[0].value == "Attention heads"
    assert len(charts(app)) == 1
    assert "maps of 6 of 6 layers × 12 heads" in words(app)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("kind", ["attention", "norm", "zeroing"])
def test_every_view_draws_raw_and_norm_weighted_maps(app, view, kind):
    app.session_state["view"], app.session_state["kind"] = view, kind
    app.run()
    assert not app.exception
    assert not app.error
    assert charts(app) or view == "overlay"


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("special", ["hide", "drop"])
def test_hidden_special_tokens_and_merged_words_are_stated(app, view, special):
    app.session_state["view"], app.session_state["special"] = view, special
    app.session_state["words"] = True
    app.run()
    assert not app.exception
    assert "special tokens hidden" in words(app)
    assert ("not renormalised" in words(app)) == (special == "drop")
    assert "tokens merged into words" in words(app)


def test_the_warning_is_computed_from_this_input(real_models, app):
    import interp_core as ic

    model = ic.load_model("encoder")
    raw, norms = ic.attention_maps(model, TEXT), ic.norm_weighted_attention(model, TEXT)
    special = raw.special
    weight = raw.weights[..., special].sum(-1).mean((1, 2))
    parts = norms.weights / norms.weights.sum(-1, keepdims=True)
    contribution = parts[..., special].sum(-1).mean((1, 2))
    row = (weight - contribution).argmax()
    said = next(each.value for each in app.info if "weight is not contribution" in each.value)
    assert f"layer {row}, " in said
    assert f"{weight[row]:.0%} of the attention" in said
    assert f"{contribution[row]:.0%} of the norm-weighted" in said


def test_each_query_keeps_the_lines_that_hold_the_share_of_its_own_row(app):
    import interp_core as ic

    app.session_state["view"], app.session_state["mass"] = "lines", 0.5
    app.session_state["layer"], app.session_state["heads"] = 3, [4]
    app.run()
    weights = ic.attention_maps(ic.load_model("encoder"), TEXT).head(3, 4)
    held, count = 0.0, 0
    for row in weights:
        drawn = 0.0
        for weight in sorted(row, reverse=True):
            if drawn < 0.5 * row.sum():
                drawn, count = drawn + weight, count + 1
        held += drawn
    assert f"The {count:,} lines show **{held / weights.sum():.0%} of the attention**" in words(app)


def test_a_query_that_attends_to_one_token_keeps_its_line(real_models):
    import interp_core as ic
    from interp_core.drawing.attention import line_frames

    text = "The plot is not bad at all, but the ending left me cold."
    maps = ic.attention_maps(ic.load_model("sentiment"), text)
    left, ending = maps.tokens.index("left"), maps.tokens.index("ending")
    assert maps.head(0, 2)[left, ending] > 0.999
    lines, queries, _ = line_frames(maps, 0, (2,), 0.9, None, (0, len(maps.tokens)))
    assert set(lines["query_index"]) == set(queries["query_index"])
    drawn = lines[(lines["query_index"] == left) & (lines["key_index"] == ending)]
    assert drawn["weight"].tolist() == [maps.head(0, 2)[left, ending]]
    assert queries["held"].min() >= 0.9 - 1e-6


NOT_BAD = "The plot is not bad at all, but the ending left me cold."


@pytest.mark.parametrize("named", ["not", "Not", "4: not", "9: not", "4"])
def test_a_link_names_the_token_whose_attention_is_shown(named):
    import interp_core as ic

    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=300)
    app.query_params["model"], app.query_params["text"] = "sentiment", NOT_BAD
    app.query_params["view"], app.query_params["token"] = "to_token", named
    app.run()
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="token").value == "4: not"
    assert app.query_params["token"] in ("4: not", ["4: not"])  # so that the address opens it again
    table = ic.attention_to(ic.attention_maps(ic.load_model("sentiment"), NOT_BAD), 4)
    low = (table["over_uniform"] < 0.5).sum()
    assert f"**{low} of 72 heads are below 0.5.**" in words(app)
    best = table.loc[table["over_uniform"].idxmax()]
    button = next(each for each in app.button if each.key and each.key.startswith("to_Highest"))
    assert button.label.startswith(f"L{best['layer']} H{best['head']} ")
    button.click().run()
    assert app.session_state["view"] == "heatmap"
    assert app.session_state["heads"] == [best["head"]]


def test_the_negation_is_shown_first_and_else_the_word_attended_to_most():
    import interp_core as ic
    from interp_core.ui.attention.to_token import telling_key

    model = ic.load_model("sentiment")
    for text, word in (
        (NOT_BAD, "not"),
        ("I didn't like it.", "didn"),
        ("Nothing works.", "nothing"),
    ):
        maps = ic.attention_maps(model, text)
        place, why = telling_key(maps)
        assert maps.key_tokens[place] == word
        assert "negation" in why
    maps = ic.attention_maps(model, "A fine film.")
    place, why = telling_key(maps)
    assert place == 1 + maps.weights.mean((0, 1, 2))[1:4].argmax()
    assert "most attention" in why


@pytest.mark.parametrize(("text", "said"), [("", None), ("word " * 10_000, "reads at most 512")])
def test_text_that_cannot_be_read_gets_one_sentence(app, text, said):
    app.session_state["text"] = text
    app.run()
    assert not app.exception
    if said is not None:
        assert said in app.error[0].value.replace("\\", "")


@pytest.mark.parametrize("view", ["overview", "switches", "patching"])
def test_an_empty_text_is_no_failure_and_an_example_is_offered(app, view):
    app.session_state["text"], app.session_state["view"] = "  \n", view
    app.run()
    assert not app.error
    assert any("is empty" in each.value for each in app.info)
    app.button(key="text_instead").click().run()
    assert app.session_state["text"] == app.session_state["default_text"]
    assert not any("is empty" in each.value for each in app.info)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("no-such-folder/../..", "not a Hub id"),
        ("nobody/nothing", "could not be reached"),
        ("![x](http://192.0.2.1/x.png)", "not a Hub id"),
    ],
)
def test_a_model_that_cannot_be_had_gets_one_sentence_without_markup(name, said):
    app = opened(model=name)
    assert not app.exception
    message = app.error[0].value
    assert said in message.replace("\\", "")
    assert "![x](" not in message


def test_an_unexpected_error_shows_a_code_and_no_traceback(app, monkeypatch):
    from interp_core.ui.attention import DRAW

    def broken(*_):
        raise RuntimeError("secret text of a user")

    monkeypatch.setitem(DRAW, "overview", broken)
    app.run()
    assert not app.exception
    assert "Unexpected error" in app.error[0].value
    assert "secret" not in words(app)


def test_choices_that_the_model_lacks_are_forgotten(tmp_path):
    from tests.tiny import build

    build("bert", tmp_path / "bert")
    model = str(tmp_path / "bert")
    app = opened(model=model, layer=5, heads=[11, 1], view="heatmap", token="99: x")
    assert not app.exception
    assert not app.error
    assert app.selectbox(key="layer").value in (0, 1)
    assert app.multiselect(key="heads").value == [1]


@pytest.mark.parametrize("family", ["t5", "bart"])
@pytest.mark.parametrize("stack", ["encoder", "decoder", "cross"])
def test_encoder_decoder_models_show_all_three_parts(tiny, family, stack):
    from tests.tiny import TEXT as KNOWN

    app = opened(model=str(tiny(family)), text=KNOWN, pair="A model looks.", stack=stack)
    for view in VIEWS:
        app.session_state["view"] = view
        app.run()
        assert not app.exception, view
        assert not app.error, view


@pytest.mark.parametrize("family", ["gpt2", "llama", "mistral", "jamba", "bert-5-labels"])
def test_other_families_show_every_view(tiny, family):
    from tests.tiny import TEXT as KNOWN

    app = opened(model=str(tiny(family)), text=KNOWN)
    for view in VIEWS:
        app.session_state["view"] = view
        app.run()
        assert not app.exception, view
        assert not app.error, view
    if family == "llama":
        assert "key-value heads" in words(app)
    if family == "mistral":
        assert "sliding window 4 tokens" in words(app)
    if family == "jamba":
        assert "the others have no attention" in words(app)


def test_a_model_without_attention_gets_a_sentence_and_another_is_offered(tiny):
    app = opened(model=str(tiny("mamba")))
    assert not app.exception
    assert "no attention" in app.error[0].value
    assert any("Switch to" in button.label for button in app.button)
    app = opened(model="sentiment-lstm")
    assert not app.error  # it loads, so that is no failure: a notice with a way on
    assert app.info
    assert any("Switch to" in button.label for button in app.button)


def test_a_pair_shows_both_texts(app):
    app.session_state["pair"] = "A dog slept."
    app.session_state["view"] = "heatmap"
    app.run()
    assert not app.exception
    assert "18 of 512 tokens" in words(app)


def test_the_script_offered_for_download_computes_the_picture():
    from interp_core.ui.attention.question import Options, Shown, chosen_map
    from interp_core.ui.widgets.recipe import calls, named, script
    from interp_core.ui.widgets.sidebar import Choice

    asked = Choice("encoder", TEXT, None)
    shown = Shown(asked, "", words=True, special="hide")
    options = Options("overlay", 2, (1, 8), 0.9, shown)
    namespace: dict = {}
    made = named("weights", chosen_map(shown.recipe(), options))
    table = calls.layer_table(shown.recipe(), made[3][None], layers=[2])
    exec(script(table), namespace)  # our own script
    weights = namespace["weights"]
    assert weights.shape == (11, 11)
    assert weights.sum(-1) == pytest.approx(1, abs=1e-5)
    assert weights == pytest.approx(shown.maps().weights[2, [1, 8]].mean(0), abs=1e-6)
    assert namespace["table"]["value"].to_numpy() == pytest.approx(weights[3], abs=1e-6)


def test_a_new_text_costs_one_pass(monkeypatch, real_models):
    """The warning about contributions must not double the price of every text."""
    from interp_core.attention import compute, norm_weighted

    app = run("attention_heads")
    passes = []
    for module in (compute, norm_weighted):
        forward = module.forward
        monkeypatch.setattr(
            module, "forward", lambda *a, go=forward, **k: passes.append(1) or go(*a, **k)
        )
    app.session_state["text"] = "A sentence that no other test has read so far."
    app.run()
    assert "weight is not contribution" in words(app)
    assert len(passes) == 1


def test_the_page_opens_with_the_head_that_moves_most_of_the_negation():
    import interp_core as ic

    text = "The plot is not bad at all."
    app = run("attention_heads", model="sentiment", text=text, view="compare")
    norms = ic.norm_weighted_attention(ic.load_model("sentiment"), text)
    place = norms.key_tokens.index("not")
    given = norms.weights[..., place].copy()
    given[:, :, place] = np.nan  # from the token itself
    best = np.unravel_index(np.nanmean(given, -1).argmax(), given.shape[:2])
    assert (app.selectbox(key="layer").value, *app.multiselect(key="heads").value) == best
    maps = ic.attention_maps(ic.load_model("sentiment"), text).weights
    far = np.abs(maps - maps[best]).mean((-2, -1))
    far[best] = np.inf
    shown = app.selectbox(key="layer_b").value, app.selectbox(key="head_b").value
    assert far[shown] == pytest.approx(far.min(), rel=1e-4)  # equal but for rounding


def test_the_second_text_begins_without_the_negation():
    app = run(
        "attention_heads", model="sentiment", text="It is not bad.", view="compare", mode="texts"
    )
    assert app.text_input(key="text_b").value == "It is bad."
    assert len(charts(app)) == 3
    app.text_input(key="text_b").set_value("It is good.").run()
    assert app.text_input(key="text_b").value == "It is good."


def test_patching_takes_the_text_of_the_address_and_offers_to_align_it():
    app = run("attention_heads", view="patching", text="It is not bad.", patch_text="It is bad.")
    assert not app.error
    assert "has 7 tokens and the changed one 6" in app.info[0].value
    button = next(each for each in app.button if each.label == "Align the two texts")
    app = button.click().run()
    assert not app.error
    assert app.session_state["patch_text"] == "It is so bad."
    assert charts(app)


def test_clicks_on_the_grid_switch_parts_and_let_them_go():
    app = run("attention_heads", view="switches", text="It is not bad.")
    clicks = ((5, "9", ["5.9"]), (3, "MLP", ["5.9", "3.MLP"]), (5, "9", ["3.MLP"]))
    for layer, unit, left in clicks:
        app = clicked(app, "switch_map", {"unit": [{"layer": layer, "unit": unit}]})
        assert app.session_state["switched"] == left
    assert not app.exception


def test_a_component_has_a_strength_of_its_own_and_several_edges_are_cut():
    app = run(
        "attention_heads",
        view="switches",
        text="It is not bad.",
        switched=["5.8", "2.MLP"],
        strengths="5.8 = 1.5, 0.1 = 0.5",
        edges=["3.2: 4 → 3"],
    )
    assert "Not among the switched components, so without effect" in words(app)
    model = ic.load_model("sentiment")

    def shows_the_answer_with(edges):
        found = ic.switch(model, "It is not bad.", heads={(5, 8): 1.5}, mlps={2: 0.0}, edges=edges)
        return shows(app.metric[0].value, found.value_after, "{:+.3f}")

    assert shows_the_answer_with([(3, 2, 4, 3)])
    for key, value in zip(("edge_layer", "edge_head"), (4, 1)):
        app.selectbox(key=key).set_value(value)
    app.selectbox(key="edge_query").set_value("1: it")
    app.selectbox(key="edge_key").set_value("2: is").run()
    both = [(3, 2, 4, 3), (4, 1, 1, 2)]
    assert shows_the_answer_with(both)
    next(each for each in app.button if each.label == "Add this edge").click().run()
    assert app.session_state["edges"] == ["3.2: 4 → 3", "4.1: 1 → 2"]
    assert app.session_state["edge_query"] is None
    assert shows_the_answer_with(both)
    app.session_state["text"] = "Good."  # has no token 4: the edge is let go
    app.run()
    assert not app.error
    assert app.session_state["edges"] == ["4.1: 1 → 2"]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"strengths": "5.8 = off"}, "are written as"),
        ({"strengths": "5.8 = 3"}, "between 0"),
        ({"strengths": "5.8 = nan"}, "between 0"),
        ({"edges": ["here"]}, "An edge is written as"),
    ],
)
def test_what_cannot_be_switched_is_told(state, told):
    app = run("attention_heads", view="switches", text="It is bad.", switched=["5.8"], **state)
    assert told in app.error[0].value


@pytest.mark.parametrize("view", ["overlay", "layers", "compare"])
def test_a_picture_with_a_table_of_its_own_has_one_row_of_signs(view):
    app = opened(view=view)
    signs = [each.proto.popover.label for each in app.get("popover")]
    pictures = sum(each.label == "Add to report" for each in app.button)
    assert signs.count("Data table") == pictures
    assert signs.count("How to read this") == signs.count("Download and code") == 1
