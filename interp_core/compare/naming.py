"""What the two models are called side by side."""

from __future__ import annotations


def apart(one: str, two: str) -> tuple[str, str]:
    """Two names that differ, also where a model is compared with another form of itself."""
    return (one, two) if one != two else (f"{one} (first)", f"{two} (second)")
