"""The claims of a lesson: TOML blocks that name a measure and the bounds its value must keep."""

from __future__ import annotations

import re
import tomllib

from interp_core.analysis.lesson_record import Claim, mistake

OWN = ("measure", "model", "least", "most", "equals")
_AT = re.compile(r" \(at line (\d+), column \d+\)| \(at end of document\)")


def read_toml(text: str, name: str, line: int) -> dict:
    """The table; a mistake is reported with its line in the whole file."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _AT.search(str(error))
        place = int(found[1]) - 1 if found and found[1] else 0
        said = _AT.sub("", str(error))
        raise mistake(name, line + place, f"this is not TOML ({said}).") from None


def read_claim(text: str, name: str, line: int) -> Claim:
    """The claim in a block whose content begins at `line`."""
    table = read_toml(text, name, line)
    for key in ("measure", "model"):
        if not isinstance(table.get(key), str):
            raise mistake(name, line, f'a claim needs `{key} = "…"`.')
    bounds = {key: table.get(key) for key in ("least", "most", "equals")}
    if all(value is None for value in bounds.values()):
        raise mistake(name, line, "a claim needs `least`, `most` or `equals`.")
    for key in ("least", "most"):
        value = bounds[key]
        if value is not None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise mistake(name, line, f"`{key}` is a number.")
    for key, value in table.items():
        if not isinstance(value, str | int | float):
            raise mistake(name, line, f"`{key}` is a text, a number, true or false.")
    options = tuple((key, value) for key, value in table.items() if key not in OWN)
    return Claim(table["measure"], table["model"], options, **bounds, line=line)
