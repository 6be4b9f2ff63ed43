"""The checkpoints of one training as pictures: curves, changes of weights, heads, attributions."""

from __future__ import annotations

from typing import Any

import pandas as pd

from interp_core.charts.checkpoints import course, part_map
from interp_core.charts.heads import head_map
from interp_core.charts.offline import offline
from interp_core.errors import BadInput
from interp_core.heads.catalogue import STATISTICS
from interp_core.training_dynamics.curves import ACCURACY, ERROR, LOSS, LearningCurves
from interp_core.training_dynamics.explanations import CheckpointAttributions, CheckpointHeads

AXES = {LOSS: "mean loss (nats)", ACCURACY: "accuracy", ERROR: "expected calibration error"}
FORMS = {LOSS: ".3f", ACCURACY: ".1%", ERROR: ".3f"}
GAPS = {LOSS: "held-out − training loss (nats)", ACCURACY: "training − held-out accuracy"}


def labelled(frame: pd.DataFrame, column: str = "step") -> pd.DataFrame:
    """With the label of each checkpoint in the column `at`."""
    return frame.assign(at=[f"{step:,}" for step in frame[column]])


def learning_curves(found: LearningCurves, measure: str = LOSS) -> Any:
    """One measure of both sets over the checkpoints: "loss", "accuracy" or "calibration error".

    Raises `BadInput` for another measure.
    """
    frame = found.frame()
    _check(measure, AXES, "measure")
    drawn = labelled(frame[frame["measure"] == measure]).rename(columns={"set": "series"})
    return offline(course(drawn, title=AXES[measure], form=FORMS[measure]))


def gap(found: LearningCurves, measure: str = LOSS) -> Any:
    """The generalisation gap of "loss" or "accuracy" over the checkpoints.

    Raises `BadInput` for another measure.
    """
    frame = found.gap()
    _check(measure, GAPS, "measure")
    drawn = labelled(frame[frame["measure"] == measure])
    drawn = drawn.assign(series="gap", n=sum(each.n for each in found.answers.values()))
    form = "+.3f" if measure == LOSS else "+.1%"
    return offline(course(drawn, title=GAPS[measure], form=form, zero=True))


def logged_loss(table: pd.DataFrame) -> Any:
    """The losses that the training wrote down itself, the table being `CheckpointSeries.logged`."""
    rows = table.melt("step", ["loss", "eval_loss"], "series", "value").dropna()
    frame = labelled(rows.astype({"step": int})).assign(low=rows["value"], high=rows["value"])
    names = frame["series"].replace({"loss": "logged", "eval_loss": "eval"})
    drawn = frame.assign(n=1, series=names)
    return offline(course(drawn, title="logged loss", x_title="step (as logged)"))


def weight_drift(table: pd.DataFrame) -> Any:
    """How far each part of the network has moved from the first checkpoint."""
    drawn = labelled(table).rename(columns={"drift": "value"})
    return offline(part_map(drawn, title="relative change of the weights"))


def head_changes(
    found: CheckpointHeads, statistic: str | None = None, step: int | None = None
) -> Any:
    """The change of a statistic of every head from the first checkpoint to that of one `step`.

    By default to the last; * is significant. Raises `BadInput` for what is not there.
    """
    known = measured(found)
    statistic = next(iter(known)) if statistic is None else statistic
    _check(statistic, known, "statistic")
    steps = [each.step for each in found.checkpoints]
    step = steps[-1] if step is None else step
    _check(step, steps[1:], "step")
    frame = found.changes(statistic)
    frame = frame[frame["step"] == step].reset_index(drop=True)
    drawn = pd.DataFrame(
        {
            "layer": frame["layer"],
            "head": frame["head"],
            "value": frame["difference"],
            "se": frame["se"],
            "role": found.statistics[steps.index(step)].frame["role"],
            "code": ["*" if real else "" for real in frame["real"]],
            "chosen": False,
            "lit": True,
        }
    )
    title = f"change of {STATISTICS[statistic].title}"
    return offline(head_map(drawn, title=title, signed=True, text_format="+.3f"))


def measured(found: CheckpointHeads) -> dict[str, str]:
    """The statistics that can be compared, with their titles."""
    frame = found.statistics[0].frame
    return {
        name: each.title
        for name, each in STATISTICS.items()
        if f"{name}_se" in frame and frame[name].notna().any()
    }


def roles(found: CheckpointHeads) -> Any:
    """How many heads have which role at each checkpoint."""
    frame = found.roles()
    kept = frame.groupby("role")["heads"].transform("max") > 0
    drawn = labelled(frame[kept]).rename(columns={"role": "series", "heads": "value"})
    drawn = drawn.assign(low=drawn["value"], high=drawn["value"], n=drawn["value"])
    return offline(course(drawn, title="heads", form="d"))


def movement(found: CheckpointAttributions) -> Any:
    """How much attributions move from each checkpoint to the next."""
    frame = found.movement()
    drawn = frame.assign(at=[f"{one:,} → {two:,}" for one, two in zip(frame["from"], frame["to"])])
    drawn = drawn.rename(columns={"measure": "series"})
    about: dict[str, Any] = {"title": "distance of attributions", "x_title": "from step → to step"}
    return offline(course(drawn, **about))


def groups(found: CheckpointAttributions) -> Any:
    """How much rests on each group of words at each checkpoint. Raises `BadInput` without any."""
    frame = found.frame()
    known = frame[frame["lift"].notna()]
    if known.empty:
        raise BadInput("No text has a word of these groups.")
    drawn = labelled(known).rename(columns={"group": "series", "lift": "value"})
    return offline(course(drawn, title="attribution lift", form=".2f"))


def _check(given: Any, known: Any, what: str) -> None:
    if given not in known:
        offered = ", ".join(map(str, known))
        raise BadInput(f"Unknown {what} {given!r}. Choose one of: {offered}.")
