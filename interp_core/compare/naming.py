"""What the two models are called side by side, and which of their classes are the same."""

from __future__ import annotations

import re
from collections.abc import Sequence

from interp_core.audit.labels import LabelMatch, match_labels, written

PLACEHOLDER = re.compile(r"LABEL_\d+")


def apart(one: str, two: str) -> tuple[str, str]:
    """Two names that differ, also where a model is compared with another form of itself."""
    return (one, two) if one != two else (f"{one} (first)", f"{two} (second)")


def match_classes(one: Sequence[str], two: Sequence[str]) -> LabelMatch:
    """Which class of the second model each class of the first is.

    By name; else by number, where the names of either side are numbers or the placeholders that
    transformers writes ("LABEL_0"), and both have as many classes. `notes` say what was assumed.
    """
    match = match_labels(one, two)
    if any(match.mapping.values()):
        return LabelMatch({n: match.mapping[written(n)] for n in one}, match.how, match.notes)
    back = match_labels(two, one)
    turned = {found: name for name, found in back.mapping.items() if found is not None}
    if turned and len(one) == len(two):
        return LabelMatch({name: turned.get(name) for name in one}, back.how, back.notes)
    if len(one) == len(two) and any(all(map(PLACEHOLDER.fullmatch, side)) for side in (one, two)):
        pairs = dict(zip(one, two))
        told = ", ".join(f"{name} = {other}" for name, other in list(pairs.items())[:4])
        more = ", …" if len(pairs) > 4 else ""
        note = f"Classes were taken to stand in the same order in both models: {told}{more}."
        return LabelMatch(pairs, "number", (note,))
    return LabelMatch(dict.fromkeys(one), match.how, match.notes)


def none_shared(one: str, two: str, first: Sequence[str], second: Sequence[str]) -> str:
    """The sentence for two models, by name, whose classes have nothing in common."""
    return (
        f"{one!r} ({', '.join(first[:5])}) and {two!r} ({', '.join(second[:5])}) have no class in "
        "common. Compare representations."
    )
