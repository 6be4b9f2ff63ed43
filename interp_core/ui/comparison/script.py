"""Python that computes with `interp_core` what a picture of two classifiers shows."""

from __future__ import annotations

from interp_core.ui.comparison.question import Side
from interp_core.ui.server import loading

EACH = "for name, model in models.items()"


def whole(sides: tuple[Side, Side], *last: str, text: str | None = None) -> str:
    """A script that loads both `models`, has the `text`, and ends with these lines."""
    given = [] if text is None else [f"text = {text!r}"]
    models = [f"    {side.name!r}: {loading.call(side.name)}," for side in sides]
    return "\n".join(["import interp_core as ic", "", *given, "models = {", *models, "}", *last])


def words(sides: tuple[Side, Side], text: str, target: str | None, last: str) -> str:
    """The scores and the sensitivities of all words, compared in the line `last`."""
    lines = []
    for name, method in (("scores", "integrated_gradients"), ("slopes", "saliency")):
        lines += [
            f"{name} = {{",
            f"    name: ic.attribute(model, text, target={target!r}, method={method!r})",
            f"    {EACH}",
            "}",
        ]
    return whole(sides, *lines, last, text=text)


def reach(
    sides: tuple[Side, Side], text: str, span: tuple[int, int], label: str, before: bool
) -> str:
    """The effect of the characters `span` by distance, in both."""
    call = f"model, text, {span}, target=model.labels.index({label!r}), before={before}"
    return whole(
        sides,
        "found = {",
        f"    name: ic.word_reach({call})",
        f"    {EACH}",
        "}",
        "table = ic.compare_reach(found)",
        text=text,
    )


def probes(sides: tuple[Side, Side]) -> str:
    """Both on the built-in sentences with negations."""
    return whole(sides, f"table = ic.compare_probes({{name: ic.probe(model) {EACH}}})")
