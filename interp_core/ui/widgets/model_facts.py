"""What there is to know of a model at a glance, one's own included, as a definition list."""

from __future__ import annotations

from html import escape
from weakref import WeakKeyDictionary

import streamlit as st

from interp_core.models.record import LoadedModel
from interp_core.models.registry import bundled_card
from interp_core.ui.widgets.markdown import counted

TASKS = {
    "sequence-classification": "text classification",
    "token-classification": "token classification",
    "causal-lm": "next token",
    "masked-lm": "masked token",
    "encoder": "text vectors",
    "encoder-decoder": "text to text",
    "image-classification": "image classification",
}
MOST_LABELS, MOST_LETTERS = 5, 40
CSS = """
body .facts { display: grid; grid-template-columns: fit-content(52%) minmax(0, 1fr);
  gap: .15rem .75rem; margin: 0; padding: 0; font-size: .875rem; line-height: 1.4; }
body .facts dt, body .facts dd { margin: 0; padding: 0; font-size: inherit; }
body .facts dt { opacity: .75; font-weight: 400; }
body .facts dt, body .facts dd { overflow-wrap: break-word; }
"""
# Counting takes as long as the rest of the sidebar; a network that goes takes its number along.
_parameters: WeakKeyDictionary[object, int] = WeakKeyDictionary()


def facts(model: LoadedModel) -> dict[str, str]:
    """What each fact is called, and the fact."""
    card = bundled_card(model.name)
    told = {"Model": card.title} if card else {}
    vectors_of_images = model.task == "encoder" and model.tokenizer is None
    told["Task"] = "image vectors" if vectors_of_images else TASKS.get(model.task, model.task)
    if model.labels:
        told["Labels"] = _labels(model.labels)
    told["Layers"] = shape(model.n_layers, model.n_heads)
    told["Parameters"] = f"{_counted(model) / 1e6:,.1f} million"
    if model.tokenizer is not None:
        told["Longest text"] = f"{model.max_tokens:,} tokens"
    if model.base:
        told["Base model"] = model.base
    measured = card.metrics.items() if card else ()
    return told | {name[:1].upper() + name[1:]: f"{value:.1%}" for name, value in measured}


def _counted(model: LoadedModel) -> int:
    if model.model not in _parameters:
        _parameters[model.model] = model.n_parameters
    return _parameters[model.model]


def shape(layers: int, heads: int) -> str:
    """How many layers of how many heads; recurrent networks have none."""
    if not heads:
        return f"{layers}, no attention heads"
    return f"{layers} × {counted(heads, 'head')}"


def _labels(labels: tuple[str, ...]) -> str:
    names = list(dict.fromkeys(labels))
    shown = [each[:MOST_LETTERS] for each in names[:MOST_LABELS]]
    left = [f"{len(names) - len(shown)} more"] if len(names) > len(shown) else []
    return ", ".join([*shown, *left])


def show(model: LoadedModel) -> None:
    """The list."""
    lines = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(fact)}</dd>" for name, fact in facts(model).items()
    )
    st.html(f'<style>{CSS}</style><dl class="facts">{lines}</dl>')
