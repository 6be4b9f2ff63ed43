"""Python that computes with `interp_core` what a picture of attributions shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from interp_core.ui.attribution.question import Asked
from interp_core.ui.server import loading


@dataclass(frozen=True)
class Texts:
    """Texts of one's own: as they were typed, or those of a column of a file."""

    texts: tuple[str, ...]
    rows: int = 0  # of the file that were read
    file: str = ""
    column: str = ""
    options: str = ""  # arguments that say how the file is read

    def lines(self) -> list[str]:
        """Python that makes the list `texts`."""
        if not self.file:
            return ["texts = [", *(f"    {text!r}," for text in self.texts), "]"]
        column = f", column={self.column!r}" if self.column else ""
        return [
            "# Put your file beside this notebook.",
            f"corpus = ic.open_corpus({self.file!r}{column}{self.options})",
            f"texts = ic.first_texts(corpus, {self.rows})",
        ]


def explanation(asked: Asked, *, pieces: bool = False) -> str:
    """The scores of words, or of pieces."""
    shown = "attribution" if pieces else "attribution.by_word()"
    return _whole(asked, f"attribution = {_call(asked)}", f"table = {shown}.to_frame()")


def prediction(asked: Asked) -> str:
    """What the model says."""
    return _whole(
        asked, f"attribution = {_call(asked)}", "table = attribution.prediction.to_frame()"
    )


def methods(asked: Asked, names: Sequence[str]) -> str:
    """The scores by several methods."""
    calls = [f"    {_call(asked.with_method(name), 'text')}," for name in names]
    return _whole(
        asked, f"text = {asked.text!r}", "found = [", *calls, "]", "table = ic.method_table(found)"
    )


def what_if(asked: Asked, edited: str) -> str:
    """The scores before and after an edit."""
    return _whole(
        asked,
        f"first = {_call(asked)}",
        f"second = {_call(replace(asked, text=edited))}",
        "table = ic.edit_table(first, second)",
    )


def layers(asked: Asked) -> str:
    """The conductance of each layer."""
    options = _options({key: each for key, each in asked.options().items() if key != "method"})
    return _whole(
        asked,
        f"found = ic.layer_conductance(model, {asked.text!r}{options})",
        "table = found.by_word().to_frame()",
    )


def many(asked: Asked, given: Texts) -> str:
    """The words of many texts."""
    return _whole(
        asked,
        *given.lines(),
        f"found = ic.attribute_many(model, texts{_options(asked.options())})",
        "table = ic.word_table(found)",
    )


def trust(asked: Asked, mode: str) -> str:
    """The curves of deletion and insertion."""
    return _whole(
        asked,
        f"attribution = {_call(asked)}",
        f"table = ic.faithfulness(model, attribution, mode={mode!r}, seed=0).curve",
    )


def _whole(asked: Asked, *lines: str) -> str:
    """A script that loads the model first."""
    return "\n".join(
        ["import interp_core as ic", "", f"model = {loading.call(asked.model)}", *lines]
    )


def _call(asked: Asked, text: str | None = None) -> str:
    """The call that makes the attribution; `text` is an expression in the text's place."""
    given = repr(asked.text) if text is None else text
    options = _options(asked.options())
    if asked.labels:
        return f"ic.zero_shot(model, {given}, {list(asked.labels)!r}{options})"
    return f"ic.attribute(model, {given}{options})"


def _options(options: dict) -> str:
    return "".join(f", {name}={value!r}" for name, value in options.items())
