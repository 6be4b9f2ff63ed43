"""What is switched: components with their strengths, and edges that are cut."""

from __future__ import annotations

import streamlit as st

from interp_core.errors import BadInput
from interp_core.interventions.edges import CUTS, Edge
from interp_core.interventions.ranking import MLP
from interp_core.interventions.switches import STRONGEST
from interp_core.models.record import LoadedModel
from interp_core.ui.attention.intervening import Asked
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, keep_valid, one_of
from interp_core.ui.widgets.markdown import plain

UNITS, STRENGTH, STRENGTHS = "switched", "strength", "strengths"
EDGE, EDGES = ("edge_layer", "edge_head", "edge_query", "edge_key"), "edges"
LAYER = "layer"
CUT = {"before": "Before the softmax", "after": "After the softmax"}


def units_chosen(model: LoadedModel) -> list[str]:
    """The chosen heads ("2.3"), MLPs ("2.MLP") and layers ("2.layer")."""
    heads = [
        f"{layer}.{h}" for layer in model.layout.attention_layers for h in range(model.n_heads)
    ]
    names = [f"{layer}.{what}" for what in (MLP, LAYER) for layer in range(model.n_layers)]
    keep_valid(UNITS, [*heads, *names])
    return st.multiselect(
        "Switched components",
        [*heads, *names],
        key=UNITS,
        placeholder="Click cells, or choose",
        help="2.3 is head 3 of layer 2; 2.MLP its MLP; 2.layer the whole layer.",
        width=205,
        **BOUND,
    )


def strengths_chosen(units: list[str]) -> dict[str, float]:
    """The strength of each chosen component: the common one, or its own."""
    common = st.slider(
        "Strength",
        0.0,
        STRONGEST,
        0.0,
        0.25,
        key=STRENGTH,
        width=150,
        help="0: removed; 1: unchanged; 2: doubled. Under “Options” a component can have a "
        "strength of its own.",
        **BOUND,
    )
    with layout.options():
        example = ", ".join(f"{unit} = 0.5" for unit in (units or ["2.3", "2.MLP"])[:2])
        typed = st.text_input(
            "Strengths of single components",
            key=STRENGTHS,
            placeholder=example,
            max_chars=1000,
            help="The other components have the strength of the slider.",
            **BOUND,
        )
        own = _own(typed)
        if idle := [unit for unit in own if unit not in units]:
            names = plain(", ".join(idle))
            st.caption(f"Not among the switched components, so without effect: {names}.")
    # A component that was let go keeps its strength for when it returns.
    return {unit: own.get(unit, common) for unit in units}


def _own(typed: str) -> dict[str, float]:
    """What was typed, "2.3 = 0.5, 2.MLP = 1.5", by component."""
    found = {}
    for part in typed.replace(";", ",").split(","):
        name, equals, strength = (each.strip() for each in part.partition("="))
        if not name and not equals:
            continue
        try:
            number = float(strength)
        except ValueError:
            raise BadInput(
                f"Strengths are written as “2.3 = 0.5, 2.MLP = 1.5”, not “{part.strip()}”."
            ) from None
        found[name] = number
    return found


def edges_chosen(asked: Asked, model: LoadedModel) -> tuple[list[Edge], str]:
    """The edges to cut: those that were added, and the one of the four choices."""
    tokens = asked.tokens
    with layout.options():
        st.markdown("**Cut edges**, from a query token to a key token")
        names = [f"{place}: {token}" for place, token in enumerate(tokens)]
        offered = (list(model.layout.attention_layers), list(range(model.n_heads)), names, names)
        chosen = []
        with st.container(horizontal=True, vertical_alignment="bottom"):
            for label, key, choices in zip(
                ("Layer", "Head", "Query token", "Key token"), EDGE, offered
            ):
                keep_valid(key, choices)
                chosen.append(
                    st.selectbox(
                        label,
                        choices,
                        index=None,
                        placeholder="none",
                        key=key,
                        width=110 if choices is not names else 190,
                        **BOUND,
                    )
                )
        edge = None
        if None not in chosen:
            layer, head, query, key = chosen
            edge = (layer, head, names.index(query), names.index(key))
        listed = _listed(edge, model, len(tokens))
        cut = one_of("Cut", CUT, key="edges_cut")
        st.caption(f"The cut is {CUTS[cut]}.")
    return list(dict.fromkeys([*listed, *([edge] if edge else [])])), cut


def _listed(edge: Edge | None, model: LoadedModel, tokens: int) -> list[Edge]:
    """The edges that were added, each with a name that can be typed as well."""
    kept = st.session_state.get(EDGES)
    if kept:  # of another text or model
        keep_valid(EDGES, [name for name in kept if _fits(name, model, tokens)])
    with st.container(horizontal=True, vertical_alignment="bottom"):
        names = st.multiselect(
            "Further edges",
            list(kept or st.query_params.get_all(EDGES)),
            key=EDGES,
            placeholder="none",
            accept_new_options=True,
            help="“3.2: 5 → 4” is head 2 of layer 3, from query token 5 to key token 4.",
            width=330,
            **BOUND,
        )
        st.button("Add this edge", disabled=edge is None, on_click=_add, args=(edge,))
    return [_edge(name) for name in names]


def _name(edge: Edge) -> str:
    layer, head, query, key = edge
    return f"{layer}.{head}: {query} → {key}"


def _edge(name: str) -> Edge:
    """The edge of a name. Raises `BadInput`."""
    parts = name.replace("->", "→").replace(">", "→").replace("→", ":").replace(".", ":").split(":")
    try:
        layer, head, query, key = (int(part) for part in parts)
    except ValueError:
        raise BadInput(
            f"An edge is written as “3.2: 5 → 4” (layer 3, head 2, query token 5, key token 4), "
            f"not “{name}”."
        ) from None
    return layer, head, query, key


def _fits(name: str, model: LoadedModel, tokens: int) -> bool:
    try:
        layer, head, query, key = _edge(name)
    except BadInput:
        return True  # which is told
    heads = layer in model.layout.attention_layers and 0 <= head < model.n_heads
    return heads and min(query, key) >= 0 and max(query, key) < tokens


def _add(edge: Edge) -> None:
    """Keep the edge and let the four choices be chosen anew; a callback."""
    kept = list(st.session_state.get(EDGES) or [])
    st.session_state[EDGES] = list(dict.fromkeys([*kept, _name(edge)]))
    for key in EDGE:
        st.session_state[key] = None


def switches_of(strengths: dict[str, float], edges: list[Edge], cut: str) -> dict:
    """The arguments of `ic.switch`; empty where nothing is switched."""
    pairs = [(*unit.split("."), strength) for unit, strength in strengths.items()]
    found = {
        "heads": {
            (int(layer), int(part)): strength
            for layer, part, strength in pairs
            if part not in (MLP, LAYER)
        },
        "mlps": {int(layer): strength for layer, part, strength in pairs if part == MLP},
        "layers": {int(layer): strength for layer, part, strength in pairs if part == LAYER},
        "edges": edges,
    }
    found = {name: each for name, each in found.items() if each}
    return {**found, "edges_cut": cut} if edges else found
