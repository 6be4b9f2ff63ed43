"""Python that computes with `interp_core` what a picture of heads shows."""

from __future__ import annotations

from pathlib import Path

import interp_core as ic
from interp_core.heads.catalogue import IMPORTANCE
from interp_core.ui.heads import corpus
from interp_core.ui.heads.corpus import Asked
from interp_core.ui.server import limits, loading

BEGIN = ["import interp_core as ic", ""]
HERE = "# Put your file beside this notebook."


def statistics(asked: Asked, state: ic.CorpusState, *last: str) -> str:
    """A script that makes the `statistics` of the pass, and ends with these lines."""
    return "\n".join([*BEGIN, *source(asked), passed(asked, state), *last])


def importance(asked: Asked, *last: str) -> str:
    """A script that has the `model` and the `texts` of the question, and ends with these lines."""
    return "\n".join([*BEGIN, *source(asked), *last])


def table(
    asked: Asked,
    state: ic.CorpusState,
    *names: str,
    most: int,
    box: dict[str, tuple[float, float]] | None = None,
) -> str:
    """The table of some statistics; that of importance over the first `most` texts.

    `box` maps statistics to their range: only heads inside of all are listed.
    """
    lines = ["frame = statistics.frame"]
    if IMPORTANCE in names:
        lines.append(ranked("worth", "gradient", most))
        lines.append("frame = ic.with_importance(frame, worth)")
    if box:
        ranges = ", ".join(f"{name}={bounds}" for name, bounds in box.items())
        lines.append(f"frame = frame[ic.heads_between(frame, {ranges})]")
    wanted = ", ".join(map(repr, dict.fromkeys(names)))
    return statistics(asked, state, *lines, f"table = ic.statistic_table(frame, {wanted})")


def ranked(name: str, method: str, most: int) -> str:
    """The line that makes the importance of every head."""
    texts = f"ic.readable_texts(model, texts, {most})"
    return f"{name} = ic.head_importance(model, {texts}, method={method!r})"


def both(
    asked: Asked, state: ic.CorpusState, other: Asked, second: ic.CorpusState, last: str
) -> str:
    """A script that makes the statistics `first` and `second` of two passes."""
    one = [*source(asked), passed(asked, state, "first")]
    two = [*source(other), passed(other, second, "second")]
    return "\n".join([*BEGIN, *one, *two, last])


def passed(asked: Asked, state: ic.CorpusState, name: str = "statistics") -> str:
    """The line that makes the statistics, of as many texts as were read when a pass was stopped."""
    until = f", until={state.texts}" if corpus.is_partial(asked, state) else ""
    return f"{name} = ic.corpus_statistics(model, texts{until})"


def source(asked: Asked) -> list[str]:
    """The lines that make `model` and `texts`, the rows of the corpus."""
    most = limits.at_most(asked.most, "texts")
    return [f"model = {loading.call(asked.model)}", *_texts(asked, most)]


def _texts(asked: Asked, most: int) -> list[str]:
    if asked.source == "sentences":
        return [f"texts = ic.sentences()[:{most}]"]
    if asked.source == "file":
        column = f", column={asked.column!r}" if asked.column else ""
        column += asked.options.code()
        name = Path(asked.file).name
        return [
            HERE,
            f"texts = list(ic.open_corpus({name!r}{column}).rows({most}))",
        ]
    if len(asked.text.splitlines()) == 1:
        return [f"texts = [{asked.text!r}]"]
    lines = [line for line in asked.text.splitlines() if line.strip()]
    most = limits.at_most(len(lines), "texts")
    cut = f"[:{most}]" if most < len(lines) else ""
    return [
        f"text = {asked.text!r}",
        f"texts = [line for line in text.splitlines() if line.strip()]{cut}",
    ]
