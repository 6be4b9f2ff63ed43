"""Python that computes with `interp_core` what a picture of attention shows."""

from __future__ import annotations

from interp_core.ui.attention.question import Options, Shown
from interp_core.ui.server import loading


def main(options: Options) -> str:
    """The script of the page's table."""
    if options.view == "overview":
        return whole(options, "table = ic.head_summaries(maps)")
    heads = list(options.heads)
    return whole(options, f"table = ic.attention_table(maps, {options.layer}, {heads})")


def whole(options: Options, last: str) -> str:
    """A script that makes the maps that are shown, and ends with `last`."""
    return "\n".join(["import interp_core as ic", "", *_maps(options.shown), last])


def overlay(options: Options, token: int | None) -> str:
    """What one token reads, or how much each is read on average."""
    heads = ", ".join(f"maps.head({options.layer}, {head})" for head in options.heads)
    row = "weights.mean(0)" if token is None else f"weights[{token}]"
    return whole(
        options,
        f"weights = sum([{heads}]) / {len(options.heads)}  # query × key\n"
        f"table = ic.layer_table(maps, {row}[None], layers=[{options.layer}])",
    )


def raw_layers(heads: list[int], token: int) -> str:
    """One token's row in every layer."""
    return f"table = ic.layer_table(maps, maps.weights[:, {heads}, {token}].mean(1))"


def rollout(token: int) -> str:
    """Its rollout."""
    return f"table = ic.layer_table(maps, ic.attention_rollout(maps)[:, {token}])"


def flow(token: int) -> str:
    """Its flow."""
    return f"table = ic.layer_table(maps, ic.attention_flow(maps, {token})[None], layers=['all'])"


def comparison(options: Options, other: tuple[int, int], text: str | None) -> str:
    """Two heads of one text, or one head of two texts."""
    first = (options.layer, options.heads[0])
    lines = ["import interp_core as ic", "", *_maps(options.shown), f"first = maps.head{first}"]
    lines.append("tokens = maps.tokens")
    if text is not None:
        lines += _maps(options.shown, text)[1:]
    lines += [
        f"second = maps.head{other}",
        "table = ic.difference_table(first, tokens, second, maps.tokens)",
    ]
    return "\n".join(lines)


def _maps(shown: Shown, text: str | None = None) -> list[str]:
    """The lines that make `maps`, of the sidebar's texts or of another one."""
    call = "norm_weighted_attention" if shown.kind == "norm" else "attention_maps"
    asked = shown.asked
    pair = f", {asked.pair!r}" if asked.pair and text is None else ""
    lines = [
        f"model = {loading.call(asked.model)}",
        f"maps = ic.{call}(model, {(asked.text if text is None else text)!r}{pair})",
    ]
    if shown.stack != "encoder":
        lines.append(f"maps = maps.{shown.stack}")
    if shown.special != "show":
        lines.append(f"maps = maps.without_special(renormalize={shown.special == 'hide'})")
    if shown.words:
        lines.append("maps = maps.by_word()")
    return lines
