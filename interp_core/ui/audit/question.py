"""Which labelled texts are audited: a built-in set, or a file with its columns and labels."""

from __future__ import annotations

from dataclasses import dataclass, field

import streamlit as st

import interp_core as ic
from interp_core import command
from interp_core.audit.data import label_column
from interp_core.audit.labels import match_labels, shown_of, written
from interp_core.audit.record import SINGLE, TOKENS, audit_kind
from interp_core.files.columns import LOOKED_AT, choose_column
from interp_core.files.form import FileOptions
from interp_core.files.tables import Table
from interp_core.models.record import LoadedModel
from interp_core.ui.server import cache, limits
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import BESIDE, Recipe, calls, named
from interp_core.ui.widgets.uploads import (
    SessionFile,
    file_popover,
    held_file,
    held_table,
    options,
    take_file,
    took_file,
)

FILE, TITLE = "file", "My file"
ABOUT = "A table with texts and labels, or CoNLL"
WORDS = ["conll", "conllu", "bio", "iob", "iob2", "tsv", "txt", "gz"]
COUNTS = (300, 1_000, 3_000, 10_000, 50_000)
COMMAND = f"Without the app: `{command.program()} audit MODEL DATA --out FOLDER`"
HELD = "audit_file"  # (name, digest) of this session's file
LEFT_OUT = "– left out –"
MOST_LABELS = 30  # of a file, for which a class can be chosen here


@dataclass(frozen=True)
class Asked:
    """The question: the key of the shared result."""

    model: str
    files: str
    source: str
    limit: int | None = None
    data: str = ""
    file: str = ""
    options: FileOptions = field(default_factory=FileOptions)
    text: str | None = None
    label: str | None = None
    pair: str | None = None
    mapping: tuple[tuple[str, str | None], ...] = ()

    def columns(self) -> dict:
        """Arguments of `ic.labelled_data` that differ from its defaults."""
        given = {"text": self.text, "label": self.label, "pair": self.pair, "limit": self.limit}
        found = {name: value for name, value in given.items() if value is not None}
        return found | ({"mapping": dict(self.mapping)} if self.mapping else {})


def controls(choice, model: LoadedModel) -> Asked | str:  # noqa: ANN001 - sidebar.Choice
    """What is audited, or the sentence that says what is missing."""
    files, built_in = cache.stamp(choice.model), ic.audit_sets(model)
    sources = {**built_in, FILE: TITLE}
    if audit_kind(model) != TOKENS:
        take_file("audit_data", FILE, TITLE)
    follow("audit_data", next(iter(sources)))
    keep_valid("audit_data", list(sources))
    source = st.selectbox(
        "Labelled texts",
        list(sources),
        format_func=sources.get,
        key="audit_data",
        width=layout.room(sources.values(), 200),
        **BOUND,
    )
    if source != FILE:
        return Asked(choice.model, files, source, _limit_of_set())
    return _of_file(choice.model, files, model)


def _limit_of_set() -> int | None:
    most = limits.limits()
    return None if most is None else most.texts


def _of_file(name: str, files: str, model: LoadedModel) -> Asked | str:
    tokens = audit_kind(model) == TOKENS
    file, data = file_popover(ABOUT, WORDS if tokens else None, key="audit_upload", held=HELD)
    took_file("audit_data")  # given here, it may be left
    if not data:
        return "Upload a labelled file to start. It is processed on the Clearhead server only."
    chosen = options("audit", table=not tokens, among=layout.options())
    with layout.options():
        asked = Asked(name, files, FILE, _limit(), data, file, chosen)
    return asked if tokens else _with_columns(asked, model)


def _limit() -> int:
    most = limits.at_most(COUNTS[-1], "texts")
    counts = [count for count in COUNTS if count <= most] or [most]
    return st.selectbox(
        "Number of texts",
        counts,
        index=min(1, len(counts) - 1),
        key="audit_size",
        width=130,
        format_func=lambda n: f"{n:,} texts",
        help="For longer files: a random sample of this size (seed 0).",
        **BOUND,
    )


def table(asked: Asked) -> Table:
    """The uploaded table. Raises `BadInput`."""
    return held_table(asked.file, asked.data, asked.options)


def content(asked: Asked) -> SessionFile:
    """The uploaded file, for readers of files. Raises `BadInput`."""
    return held_file(asked.file, asked.data)


def _with_columns(asked: Asked, model: LoadedModel) -> Asked | str:
    """The question with its columns, and what each label of the file means."""
    frame = table(asked).frame
    names = list(frame)
    usual = choose_column(frame.head(LOOKED_AT).to_dict("records")) or names[0]
    with layout.options():
        text = _column("Text", "audit_text", names, usual)
    rest = [name for name in names if name != text]
    try:
        found = label_column(frame[rest], model)
    except ic.BadInput:
        found = None
    label = _column("Label", "audit_label", rest, found)
    with layout.options():
        others = [name for name in rest if name != label]
        pair = _column("Second text", "audit_pair", others, None, "none")
    if not rest:
        return "The file has one column. An audit needs two: the texts, and a label for each."
    if label is None:
        return "Choose the label column."
    values = frame[label].dropna().unique()
    given: tuple[tuple[str, str | None], ...] = ()
    if audit_kind(model) == SINGLE:
        given = _mapping(values, model)
        if not any(match_labels(values, model.labels, dict(given)).mapping.values()):
            return (
                f"None of the labels ({plain(shown_of(list(map(written, values)), 5))}) is a "
                "class of the model. Open “Labels” and assign a class to each, or choose "
                "another column."
            )
    return Asked(**{**vars(asked), "text": text, "label": label, "pair": pair, "mapping": given})


def _column(
    title: str, key: str, names: list[str], usual: str | None, empty: str = "choose"
) -> str | None:
    follow(key, usual)
    keep_valid(key, names)
    return st.selectbox(
        title,
        names,
        index=names.index(usual) if usual in names else None,
        placeholder=empty,
        key=key,
        width=150,
        **BOUND,
    )


def _mapping(values, model: LoadedModel) -> tuple[tuple[str, str | None], ...]:  # noqa: ANN001
    """What the person says that labels mean, where that is not what was found."""
    match = match_labels(values, model.labels)
    unknown = len(match.unknown)
    about = f"{unknown} unknown" if unknown else f"matched by {match.how}"
    given = []
    with st.popover(f"Labels: {about}", icon=":material/label:"):
        st.caption("Class of the model for each label of the file.")
        for note in match.notes:
            st.caption(plain(note))
        choices = [*model.labels, LEFT_OUT]
        for label, found in list(match.mapping.items())[:MOST_LABELS]:
            key = f"audit_label_{label}"
            keep_valid(key, choices)
            chosen = st.selectbox(
                plain(label),
                choices,
                index=choices.index(found or LEFT_OUT),
                key=key,
                persist_state="session",
            )
            if chosen != (found or LEFT_OUT):
                given.append((label, None if chosen == LEFT_OUT else chosen))
        if len(match.mapping) > MOST_LABELS:
            st.caption(f"First {MOST_LABELS} of {len(match.mapping):,} labels.")
    return tuple(given)


def recipe(asked: Asked, model: Recipe) -> Recipe:
    """The labelled texts as part of recipes; a file stands beside the notebook."""
    if asked.source != FILE:
        name = None if asked.source in ("", None) else asked.source
        step = calls.audit_set(model, name)
        return named("data", step if asked.limit is None else step.take(slice(0, asked.limit)))
    step = calls.labelled_data(
        plain_name(asked.file), model, **asked.columns(), **asked.options.chosen()
    )
    return named("data", step, comment=BESIDE)


def plain_name(file: str) -> str:
    """The name of a file without folders."""
    return file.replace("\\", "/").rsplit("/", 1)[-1]


def labelled(asked: Asked, model: LoadedModel) -> ic.AuditData:
    """The labelled texts. Raises `BadInput`."""
    if asked.source != FILE:
        found = ic.audit_set(model, asked.source)
        return found if asked.limit is None else found.take(slice(0, asked.limit))
    if audit_kind(model) == TOKENS:
        given, more = content(asked), asked.options.chosen()
    else:
        given, more = table(asked), {}
    name = plain_name(asked.file)
    return ic.labelled_data(given, model, name=name, **asked.columns(), **more)
