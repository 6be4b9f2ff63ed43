"""Keys of what is kept: what was asked, as short texts."""

from __future__ import annotations

import hashlib
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


def digest(*parts: bytes) -> str:
    """Equal for equal contents, in order."""
    whole = hashlib.sha256()
    for part in parts:
        whole.update(hashlib.sha256(part).digest())
    return whole.hexdigest()
