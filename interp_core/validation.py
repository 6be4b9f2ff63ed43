"""What a caller may choose: a label by name or number, a position, another target.

Parameters answer to their former names as well.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from interp_core.errors import BadInput

P = ParamSpec("P")
R = TypeVar("R")


def label_index(labels: tuple[str, ...], wanted: Any) -> int:
    """The number of a label given by name (capitals do not matter) or number. Raises `BadInput`."""
    if isinstance(wanted, str):
        folded = [label.casefold() for label in labels]
        if wanted in labels:
            return labels.index(wanted)
        if folded.count(wanted.casefold()) == 1:
            return folded.index(wanted.casefold())
    else:
        number = whole_number(wanted)
        if number is not None and 0 <= number < len(labels):
            return number
    known = ", ".join(labels[:20]) + (", ..." if len(labels) > 20 else "")
    raise BadInput(f"Unknown label {wanted!r}. Labels of this model: {known}.")


def check_position(position: Any, size: int) -> int:
    """A position from 0 to size − 1; negative ones count from the end. Raises `BadInput`."""
    number = whole_number(position)
    if number is None or not -size <= number < size:
        raise BadInput(
            f"Position {position!r} does not exist: the text has tokens 0 to {size - 1}."
        )
    return number % size


def whole_number(value: Any) -> int | None:
    """The value as a whole number; None for fractions, truth values and what is no number."""
    try:
        return None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        return None


def check_contrast(index: int, contrast: int) -> int:
    """`contrast`, which must not be the target `index` itself. Raises `BadInput`."""
    if index == contrast:
        raise BadInput("`contrast` names the target itself. Choose another one to compare with.")
    return contrast


def renamed(**names: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Accept parameters by their former names as well: `renamed(most="limit")`.

    A call that gives both names is a `TypeError`, as a name given twice always is.
    """

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def call(*args: P.args, **options: P.kwargs) -> R:
            for former, name in names.items():
                if former in options:
                    if name in options:
                        raise TypeError(f"{name} was given twice, as {name} and as {former}")
                    options[name] = options.pop(former)
            return function(*args, **options)

        return call

    return decorate
