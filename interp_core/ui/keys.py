"""What stands in the keys of results: strings in tuples, lists and frozen records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any


def strings_in(key: Any) -> Iterator[str]:
    """All strings in a key, however deep."""
    if isinstance(key, str):
        yield key
    elif isinstance(key, tuple | list):
        for part in key:
            yield from strings_in(part)
    elif is_dataclass(key):
        for field in fields(key):
            yield from strings_in(getattr(key, field.name))
