"""Which checkpoints are compared, and on which labelled texts."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

import interp_core as ic
from interp_core import command
from interp_core.audit.data import check_labelled
from interp_core.training_dynamics.checkpoints import Checkpoint, CheckpointSeries
from interp_core.ui.server import cache, limits
from interp_core.ui.server.limits import digest
from interp_core.ui.widgets import layout
from interp_core.ui.widgets.choices import BOUND
from interp_core.ui.widgets.markdown import message, plain
from interp_core.ui.widgets.recipe import BESIDE, Recipe, calls, named, supplied
from interp_core.ui.widgets.uploads import file_popover, held_table

FOLDER = "folder"
BUILT_IN = {"sentiment": "Sentiment: six checkpoints (built in)"}
OWN = "My folder of checkpoints"
TABLES = ["csv", "tsv", "json", "jsonl", "ndjson", "parquet", "gz"]
TEXTS = (200, 1_000, 3_000)
HELD = {"train": "dynamics_train_file", "held_out": "dynamics_held_out_file"}
TITLES = {"train": "Training sample", "held_out": "Held-out texts"}
LOADING = 1e11  # operations that the reading of one small checkpoint is worth, about
COMMAND = f"Without the app: `{command.program()} training-dynamics FOLDER --train A --held-out B`"


@dataclass(frozen=True)
class Asked:
    """The question: the key of the shared results."""

    series: str
    base: str = ""
    files: str = ""
    train: str = ""
    held_out: str = ""
    names: tuple[str, str] = ("", "")
    limit: int | None = None

    @property
    def built_in(self) -> bool:
        """Whether checkpoints and texts come with the app."""
        return self.series in BUILT_IN


@dataclass(frozen=True)
class Course:
    """What every view draws from: the checkpoints, and all of it in recipes."""

    asked: Asked
    series: CheckpointSeries
    recipe: Recipe
    train: Recipe
    held_out: Recipe
    missing: str = ""  # the sentence for views that need labelled texts

    def sized(self) -> float:
        """Operations of reading every checkpoint, about: what is read once for each."""
        return sum(LOADING * max(1.0, _bytes(each.path) / 1e8) for each in self.series.checkpoints)

    def passes(self, texts: int, rows: int = 1) -> float:
        """Operations of so many passes over texts of usual length, at every checkpoint."""
        parameters = max(_bytes(each.path) for each in self.series.checkpoints) / 4
        parameters = max(parameters, 1.1e7)  # an adapter's file says nothing of its base
        return self.sized() + 2.0 * parameters * 20 * texts * rows * len(self.series)


def _bytes(path: str) -> float:
    try:
        return float(sum(file.stat().st_size for file in Path(path).glob("*.safetensors")))
    except OSError:
        return 0.0


def controls() -> Course | str:
    """What is compared, or the sentence that says what is missing."""
    sources = dict(BUILT_IN) if limits.is_shared() else {**BUILT_IN, FOLDER: OWN}
    if st.query_params.get("dynamics_series") not in (None, *sources):
        limits.check_model(str(st.query_params.get("dynamics_series")))
    source = st.selectbox(
        "Checkpoints",
        list(sources),
        format_func=sources.get,
        key="dynamics_series",
        width=300,
        help="Shared server: the built-in series only." if limits.is_shared() else None,
        **BOUND,
    )
    return _course(Asked(source)) if source != FOLDER else _own()


def _own() -> Course | str:
    path = st.text_input(
        "Folder",
        key="dynamics_folder",
        width=250,
        placeholder="the output_dir of a training",
        help="A folder on this computer that holds `checkpoint-500`, …, as transformers' Trainer "
        "writes them: whole models or adapters.",
        **BOUND,
    )
    with layout.options():
        base = st.text_input(
            "Base model",
            key="dynamics_base",
            placeholder="of adapters, if moved",
            help="Only for adapters whose base model is not where they say.",
            **BOUND,
        )
        limit = st.selectbox(
            "Texts of each set",
            TEXTS,
            key="dynamics_texts",
            help="Of longer files: a random sample of this size (seed 0).",
            **BOUND,
        )
    given = {
        name: file_popover(
            f"{title}: a table with texts and labels",
            TABLES,
            key=HELD[name],
            held=f"{HELD[name]}_kept",
            title=title,
        )
        for name, title in TITLES.items()
    }
    if not path.strip():
        return "Type the folder that holds the checkpoints. It is read on this computer only."
    series = _series(path.strip(), base.strip())
    stamp = "".join(cache.stamp(each.path) for each in series.checkpoints if not each.problem)
    missing = [TITLES[name].lower() for name, found in given.items() if not found[1]]
    asked = Asked(
        path.strip(),
        base.strip(),
        digest(stamp.encode()),
        given["train"][1],
        given["held_out"][1],
        (given["train"][0], given["held_out"][0]),
        limit,
    )
    told = f"Upload tables with labelled texts: {' and '.join(missing)}." if missing else ""
    return _course(asked, series, " ".join(filter(None, [*_faults(given), told])))


def _faults(given: dict[str, tuple[str, str]]) -> list[str]:
    """What is wrong with the uploaded files, before any checkpoint is loaded."""
    found = []
    for name, (file, key) in given.items():
        try:
            if key:
                check_labelled(held_table(file, key))
        except ic.BadInput as error:
            found.append(f"{TITLES[name]}: {error}")
    return found


def _series(source: str, base: str) -> CheckpointSeries:
    if source not in BUILT_IN:
        limits.check_model(source)
    return ic.checkpoint_series(source, base=base or None)


def _course(asked: Asked, series: CheckpointSeries | None = None, missing: str = "") -> Course:
    series = series or _series(asked.series, asked.base)
    more = {"base": asked.base} if asked.base else {}
    step = supplied(named("series", calls.checkpoint_series(asked.series, **more)), lambda: series)
    return Course(asked, series, step, _texts(asked, 0), _texts(asked, 1), missing)


def _texts(asked: Asked, place: int) -> Recipe:
    """The labelled texts of one set as part of recipes; a file stands beside the script."""
    name = ("train", "held_out")[place]
    if asked.built_in:
        return named(name, calls.opinions(name.replace("_", " ")))
    file = asked.names[place].replace("\\", "/").rsplit("/", 1)[-1]
    key = (asked.train, asked.held_out)[place]
    return supplied(named(name, file, comment=BESIDE), lambda: held_table(file, key))


ABOUT = {
    "sentiment": "Six checkpoints of a sentiment adapter: at 0, 2, 10, 30 and 100% of a short "
    "training, and after 100 more epochs on the 64 sentences of the training sample alone, so "
    "the last one is overfitted on purpose.",
}


def about(course: Course) -> None:
    """What the built-in checkpoints are."""
    if course.asked.built_in:
        st.caption(ABOUT[course.asked.series])


def notes(course: Course) -> None:
    """What was assumed of the checkpoints, and which cannot be read."""
    for note in course.series.notes:
        st.caption(message(note))
    _warn(each for each in course.series.checkpoints if each.problem)


def broken(course: Course, checkpoints: tuple[Checkpoint, ...]) -> None:
    """The checkpoints that a view could not measure, but for those that `notes` tells."""
    _warn(each for each in checkpoints if each not in course.series.checkpoints)


def _warn(checkpoints: Iterable[Checkpoint]) -> None:
    for each in checkpoints:
        st.warning(f"{plain(each.name)}: {message(each.problem)}", icon=":material/warning:")
