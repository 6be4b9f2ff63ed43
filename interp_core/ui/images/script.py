"""Python that computes with `interp_core` what the pages show of a picture."""

from __future__ import annotations

from interp_core.images.tables import Patch
from interp_core.ui.images.question import Picture
from interp_core.ui.server import loading


def attention(model: str, picture: Picture, last: str) -> str:
    """A script that makes the maps of a picture, and ends with `last`."""
    return _whole(model, picture.code, "maps = ic.attention_maps(model, picture)", last)


def every_head(query: Patch) -> str:
    """What the heads read, one row each."""
    return f"table = ic.patch_summaries(maps{_asked(query)})"


def patches(weights: str, query: Patch) -> str:
    """What is read of each patch; `weights` is an expression of (query, key)."""
    return f"table = ic.patch_table(maps, {weights}{_asked(query)})"


def attribution(model: str, picture: Picture, options: dict[str, str | None], last: str) -> str:
    """A script that explains the answer to a picture, and ends with `last`."""
    given = "".join(f", {name}={value!r}" for name, value in options.items() if value is not None)
    return _whole(model, picture.code, f"found = ic.attribute_image(model, picture{given})", last)


def heads(model: str, count: int, worth: int, name: str | None = None) -> str:
    """Statistics of all heads over digits, with importance over the first `worth` of them.

    `name` keeps one statistic alone.
    """
    lines = [
        f"pictures = ic.held_out_digits({count})",
        "table = ic.image_head_statistics(model, pictures)",
    ]
    if worth:
        lines += [
            f"worth = ic.head_importance(model, pictures[:{worth}])",
            "table = ic.with_importance(table, worth)",
        ]
    if name:
        lines.append(f"table = ic.statistic_table(table, {name!r})")
    return _whole(model, *lines)


def _whole(model: str, *lines: str) -> str:
    return "\n".join(["import interp_core as ic", "", f"model = {loading.call(model)}", *lines])


def _asked(query: Patch) -> str:
    return "" if query is None else f", query={query!r}"
