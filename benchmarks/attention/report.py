"""Tables and goals of `attention_views`."""

from __future__ import annotations

import statistics
from collections.abc import Mapping
from dataclasses import dataclass

COUNTED = """\
Bytes: BertViz, its HTML document (its libraries not counted). Clearhead, page data: every
websocket message and media file until the page is at rest; assets: scripts, styles and fonts on
the wire, the same for every text and cached by the browser.
Paint: from navigation until all maps are in the page, decoded, and two frames have passed.
Clearhead: server running, model loaded, texts new to it; median of several texts; "again" is the
same page once more in the same browser, with assets cached and the maps cached by the server.
Layer switch: from Enter in the Layer box until the charts change for the last time."""


@dataclass(frozen=True)
class Sizes:
    """Bytes of a view: what depends on the text, and what does not."""

    data: int
    assets: int

    @property
    def both(self) -> int:
        """All bytes."""
        return self.data + self.assets


@dataclass(frozen=True)
class Opened:
    """A view that was opened; `seconds` and `again` are None when not painted within `limit`.

    `limit` is None when no paint was tried.
    """

    sizes: Sizes
    seconds: float | None
    again: float | None
    limit: float | None


Measured = Mapping[tuple[int, str], Opened]
Switches = Mapping[tuple[int, str], list[float]]


def tables(
    counts: list[int], pairs: Mapping[str, str], theirs: Measured, ours: Measured, times: Switches
) -> str:
    """The whole report as text."""
    head = (
        "tokens",
        "BertViz / Clearhead",
        "bytes",
        "data",
        "assets",
        "fewer",
        "with assets",
        "paint",
        "paint",
        "again",
        "faster",
    )
    rows = [
        (str(n), f"{name} / {own}", *_compared(theirs[n, name], ours[n, own]))
        for n in counts
        for name, own in pairs.items()
    ]
    switches = [(str(n), view, *_spread(seconds)) for (n, view), seconds in times.items()]
    switch_head = ("tokens", "layer switch in", "median", "fastest", "slowest")
    parts = [_table(head, rows), COUNTED, _table(switch_head, switches)]
    return "\n\n".join(["", *parts, "\n".join(goals(theirs, ours, times))])


def _compared(peer: Opened, own: Opened) -> tuple[str, ...]:
    return (
        _bytes(peer.sizes.data),
        _bytes(own.sizes.data),
        _bytes(own.sizes.assets),
        f"{peer.sizes.data / own.sizes.data:.1f} x",
        f"{peer.sizes.data / own.sizes.both:.1f} x",
        _paint(peer),
        _paint(own),
        "-" if own.again is None else f"{own.again:.2f} s",
        _faster(peer, own),
    )


def _bytes(count: int) -> str:
    return f"{count / 1e6:.2f} MB"


def _paint(opened: Opened) -> str:
    if opened.limit is None:
        return "not tried"
    if opened.seconds is None:
        return f"not within {opened.limit:.0f} s"
    return f"{opened.seconds:.2f} s"


def _faster(peer: Opened, own: Opened) -> str:
    if peer.limit is None or own.seconds is None:
        return "-"
    if peer.seconds is None:
        return f"> {peer.limit / own.seconds:.1f} x"
    return f"{peer.seconds / own.seconds:.1f} x"


def _spread(seconds: list[float]) -> tuple[str, ...]:
    if not seconds:
        return ("no change seen", "-", "-")
    return tuple(f"{f(seconds):.2f} s" for f in (statistics.median, min, max))


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows)]
    lines = [head, tuple("-" * width for width in widths), *rows]
    return "\n".join("  ".join(cell.rjust(w) for cell, w in zip(line, widths)) for line in lines)


def goals(theirs: Measured, ours: Measured, times: Switches) -> list[str]:
    """Goal, measured figure, and whether it is reached, for what was measured."""
    lines = []
    if (128, "Overview") in ours:
        peer, own = theirs[128, "model_view"], ours[128, "Overview"]
        fewer = peer.sizes.data / own.sizes.data
        lines.append(_goal("128 tokens: at least 20 x fewer bytes", f"{fewer:.1f} x", fewer >= 20))
        if peer.limit is not None:
            faster = (peer.seconds or peer.limit) / (own.seconds or float("inf"))
            goal = "128 tokens: painted at least 5 x faster"
            lines.append(_goal(goal, _faster(peer, own), faster >= 5))
        lines += [_switch_goal(view, times[n, view]) for n, view in times if n == 128]
    if (512, "Overview") in ours:
        own = ours[512, "Overview"]
        lines.append(
            _goal("512 tokens: under 5 MB", _bytes(own.sizes.data), own.sizes.data < 5_000_000)
        )
        fast = own.seconds is not None and own.seconds <= 5
        lines.append(_goal("512 tokens: painted within 5 s", _paint(own), fast))
    return lines


def _switch_goal(view: str, seconds: list[float]) -> str:
    reached = bool(seconds) and statistics.median(seconds) < 0.5
    return _goal(f"128 tokens: layer switch in {view} under 0.5 s", _spread(seconds)[0], reached)


def _goal(goal: str, measured: str, reached: bool) -> str:
    return f"goal: {goal:51s} measured: {measured:15s} reached: {'yes' if reached else 'no'}"
