"""Try the regular expressions of an adapter before peft does: matching one can take for ever.

No rule tells the slow ones from the others, so they are run on the names that peft will match, in a
process of its own that can be stopped. Python's `re` cannot be interrupted from within.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator

from interp_core.errors import UnsafeModel
from interp_core.models.folders import ADAPTER_CONFIG

# Settings that peft reads as regular expressions: texts, lists of them, keys of a mapping.
PATTERNS = (
    "target_modules",
    "exclude_modules",
    "feedforward_modules",
    "modules_to_save",
    "layers_pattern",
    "rank_pattern",
    "alpha_pattern",
)
REPEATS = "*+{"  # without one of these a pattern looks at each letter once
MOST_SECONDS = 5
# The forms in which peft uses them: as they stand, and behind the path of a module.
TRY = r"""
import json, re, sys
patterns, names = json.load(sys.stdin)
for pattern in patterns:
    for form in (rf"{pattern}\Z", rf"(.*\.)?({pattern})$", rf"(?:^|.*?\.){pattern}\.(\d+)\."):
        try:
            compiled = re.compile(form)
        except (re.error, OverflowError, RecursionError):
            continue
        for name in names:
            compiled.match(name)
"""


def refuse_slow_patterns(settings: dict, names: Iterable[str]) -> None:
    """Raise `UnsafeModel` where matching the modules' names takes longer than any needs to."""
    patterns = [each for each in _patterns(settings) if any(mark in each for mark in REPEATS)]
    if not patterns:
        return
    try:
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", TRY],
            input=json.dumps([patterns, list(names)]),
            text=True,
            capture_output=True,
            timeout=MOST_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        shown = max(patterns, key=len)[:100]
        raise UnsafeModel(
            f"{ADAPTER_CONFIG} has a regular expression, such as {shown!r}, that takes longer than "
            f"{MOST_SECONDS} seconds to match the names of the modules, perhaps for ever. List the "
            "modules by name."
        ) from None


def _patterns(settings: dict) -> Iterator[str]:
    for name in PATTERNS:
        value = settings.get(name)
        several = isinstance(value, list | dict)
        yield from (each for each in (value if several else [value]) if isinstance(each, str))
