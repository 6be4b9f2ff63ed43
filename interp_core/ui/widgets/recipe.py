"""Calls that are computed for the page and written down for the reader: one expression does both.

A `Recipe` stands for a value. Attributes, calls and items of a recipe are recipes again, and
nothing is computed before `value` asks for it:

    maps = named("maps", calls.attention_maps(model, text).by_word())
    table = calls.head_summaries(maps)
    value(table)   # the data frame
    script(table)  # the Python that computes the data frame `table`

`supplied` lets the server's caches hand in what they hold, so that nothing is computed twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib import import_module
from textwrap import indent
from typing import Any

import numpy as np

WIDE = 88  # characters of a list or dictionary that is written in one line
BESIDE = "# Put your file beside this notebook."
RESULTS = ("table", "chart")  # names that no step has
_UNKNOWN = object()


class Recipe:
    """How a value is computed, as an expression that can also be written as Python."""

    def __init__(
        self,
        write: Callable[[_Script], str],
        compute: Callable[..., Any],
        name: str = "",
        comment: str = "",
    ) -> None:
        self._write, self._compute = write, compute
        self._name, self._comment, self._value = name, comment, _UNKNOWN

    def __getattr__(self, name: str) -> Recipe:
        if name.startswith("_"):
            raise AttributeError(name)
        return Recipe(
            lambda script: f"{script.code(self)}.{name}", lambda: getattr(value(self), name)
        )

    def __call__(self, *given: Any, **options: Any) -> Recipe:
        def write(script: _Script) -> str:
            named = [f"{name}={script.code(each)}" for name, each in options.items()]
            return f"{script.code(self)}({', '.join([*map(script.code, given), *named])})"

        def compute(**more: Any) -> Any:
            return value(self)(*value(given), **value(options), **more)

        return Recipe(write, compute)

    def __getitem__(self, key: Any) -> Recipe:
        return Recipe(
            lambda script: f"{script.code(self)}[{script.key(key)}]",
            lambda: value(self)[value(key)],
        )

    __iter__ = None  # a recipe does not know how many items its value will have


def named(name: str, step: Any, comment: str = "") -> Recipe:
    """The step under a name: a line of its own in the script, below the comment."""
    return Recipe(
        lambda script: script.plain(step), lambda **more: value(step, **more), name, comment
    )


def supplied(step: Recipe, by: Callable[[], Any]) -> Recipe:
    """The step, whose value `by` hands in; it is written as before."""
    return Recipe(
        step._write,
        lambda **more: step._compute(**more) if more else by(),
        step._name,
        step._comment,
    )


def each(
    name: str,
    items: Any,
    body: Callable[[Any], Any] = lambda item: item,
    where: Callable[[Any], Any] | None = None,
) -> Recipe:
    """A list of what `body` makes of the items, which the script calls `name`, that are `where`."""

    def write(script: _Script) -> str:
        item = Recipe(lambda _: name, lambda: None)
        if_kept = f" if {script.code(where(item))}" if where else ""
        return f"[{script.code(body(item))} for {name} in {script.code(items)}{if_kept}]"

    def compute() -> list:
        kept = [item for item in value(items) if where is None or value(where(item))]
        return [value(body(item)) for item in kept]

    return Recipe(write, compute)


def value(step: Any, **more: Any) -> Any:
    """The value of a recipe, or of a container of recipes; other things are their own value.

    `more` are further arguments of the outermost call that a script does not show, such as
    `progress`; with them the call is made even where its value is supplied.
    """
    if isinstance(step, Recipe):
        if more:
            return step._compute(**more)
        if step._value is _UNKNOWN:
            step._value = step._compute()
        return step._value
    if isinstance(step, dict):
        return {key: value(part) for key, part in step.items()}
    if isinstance(step, slice):
        return slice(value(step.start), value(step.stop), value(step.step))
    return type(step)(map(value, step)) if type(step) in (list, tuple) else step


def script(table: Recipe, chart: Any = None) -> str:
    """Python that computes `table`, one statement a line; and `chart`, where that is a recipe."""
    written = _Script()
    results = {"table": table} | ({"chart": chart} if isinstance(chart, Recipe) else {})
    for name, step in results.items():
        text = written.plain(step)
        written.lines.append(f"{name} = {text}")
        written.give(name, text)
    return "\n".join([*written.imports, "", *written.lines])


class _Script:
    """The statements so far; what is written alike is computed once."""

    def __init__(self) -> None:
        self.imports: dict[str, None] = {}
        self.lines: list[str] = []
        self._names: dict[str, str] = {}
        self._results: set[str] = set()

    def code(self, part: Any) -> str:
        """The expression of a part; one with a name is assigned first."""
        text = self.plain(part)
        if not isinstance(part, Recipe) or (not part._name and text not in self._results):
            return text
        if text not in self._names:
            name = self._names[text] = self._free(part._name)
            self.lines += [*filter(None, [part._comment]), f"{name} = {text}"]
        return self._names[text]

    def give(self, name: str, text: str) -> None:
        """A result: what is written so again is called by this name."""
        self._results.add(text)
        self._names.setdefault(text, name)

    def plain(self, part: Any) -> str:
        """The expression without its name."""
        if isinstance(part, Recipe):
            return part._write(self)
        if isinstance(part, np.generic):
            return repr(part.item())
        if isinstance(part, dict):
            items = [f"{key!r}: {self.code(each)}" for key, each in part.items()]
            return self._items(items, "{}", _holds_calls(part.values()))
        if isinstance(part, list):
            return self._items([self.code(each) for each in part], "[]", _holds_calls(part))
        if isinstance(part, tuple):
            inside = ", ".join(map(self.code, part))
            return f"({inside}{',' * (len(part) == 1)})"
        return repr(part)

    def key(self, part: Any) -> str:
        """What stands between square brackets."""
        if isinstance(part, slice):
            ends = ["" if end is None else self.code(end) for end in (part.start, part.stop)]
            return ":".join(ends)
        return ", ".join(map(self.key, part)) if isinstance(part, tuple) else self.code(part)

    def _free(self, name: str) -> str:
        taken, number, free = {*RESULTS, *self._names.values()}, 2, name
        while free in taken:
            free, number = f"{name}_{number}", number + 1
        return free

    @staticmethod
    def _items(items: list[str], ends: str, tall: bool = False) -> str:
        flat = ", ".join(items)
        if not tall and len(flat) <= WIDE:
            return f"{ends[0]}{flat}{ends[1]}"
        lines = "".join(f"{indent(item, '    ')},\n" for item in items)
        return f"{ends[0]}\n{lines}{ends[1]}"


def _holds_calls(parts: Iterable[Any]) -> bool:
    return any(isinstance(part, Recipe) and not part._name for part in parts)


def _module(name: str, short: str) -> Recipe:
    def write(script: _Script) -> str:
        script.imports[f"import {name} as {short}"] = None
        return short

    return Recipe(write, lambda: import_module(name))


def builtin(function: Callable) -> Recipe:
    """A function that every Python has, such as `list`."""
    return Recipe(lambda _: function.__name__, lambda: function)


calls = _module("interp_core", "ic")  # its functions are written down, and called on demand
