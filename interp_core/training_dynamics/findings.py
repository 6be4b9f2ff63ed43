"""What learning curves show, in sentences: thresholds stated, nothing claimed within intervals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import pandas as pd

from interp_core.audit.figures import p_value
from interp_core.errors import BadInput
from interp_core.training_dynamics.curves import HELD_OUT, LOSS, TRAIN, LearningCurves

LEAST_CHANGE = 0.01  # nats: a smaller change of the mean loss is not spoken of
UNCHANGED = 0.001  # relative drift below which a part counts as not trained
LEVEL = 0.05  # of the test of calibration, over the checkpoints that are spoken of (Bonferroni)

UNDERFITTED, OVERFITTED, BEST, LEVEL_WITH_BEST = (
    "underfitted",
    "overfitted",
    "lowest held-out loss",
    "not distinguished from it",
)
IMPROVING, OVERFITTING, TRAIN_ONLY, HELD_OUT_ONLY, WORSE, UNCLEAR = (
    "improving on both sets",
    "training loss falls, held-out loss rises",
    "only the training loss falls",
    "the held-out loss falls",
    "held-out loss rises",
    "no change claimed",
)
FALLS, RISES = "falls", "rises"


@dataclass(frozen=True)
class Finding:
    """One sentence on a series: its `kind`, the `steps` it speaks of, and the `text`."""

    kind: str
    steps: tuple[int, ...]
    text: str


def direction(low: float, high: float) -> str:
    """What an interval of a change of loss says: "falls", "rises" or nothing."""
    if high < -LEAST_CHANGE:
        return FALLS
    return RISES if low > LEAST_CHANGE else ""


def _claimed(curves: LearningCurves, change: Mapping[str, float]) -> str:
    """The direction of a change; nothing where the texts are too few for any claim."""
    return "" if curves.too_few else direction(change["low"], change["high"])


def phases(curves: LearningCurves) -> pd.DataFrame:
    """From each checkpoint to the next: from, to, training sample, held out, phase.

    The two sets hold "falls", "rises" or nothing: a change counts where its simultaneous interval
    lies beyond ±`LEAST_CHANGE` nats, and both sets have at least `LearningCurves.fewest` texts.
    """
    changes = curves.changes().query(f"measure == '{LOSS}'")
    told = changes.assign(way=[_claimed(curves, row) for row in changes.to_dict("records")])
    table = told.pivot(index=["from", "to"], columns="set", values="way").reset_index()
    table = table[["from", "to", TRAIN, HELD_OUT]].rename_axis(columns=None)
    table["phase"] = [_phase(one, two) for one, two in zip(table[TRAIN], table[HELD_OUT])]
    return table


def _phase(train: str, held_out: str) -> str:
    if held_out == RISES:
        return OVERFITTING if train == FALLS else WORSE
    if train == FALLS:
        return IMPROVING if held_out == FALLS else TRAIN_ONLY
    return HELD_OUT_ONLY if held_out == FALLS else UNCLEAR


def verdicts(curves: LearningCurves) -> pd.DataFrame:
    """Each checkpoint against the one with the lowest held-out loss.

    Columns step, checkpoint, verdict; and for both sets the loss minus that of the best with low
    and high. "underfitted": before the best, held-out loss higher and training loss not lower.
    "overfitted": after it, held-out loss higher and training loss lower. Higher and lower mean that
    the simultaneous interval lies beyond ±`LEAST_CHANGE` nats; else, and for sets of fewer texts
    than `LearningCurves.fewest`, nothing is said.
    """
    steps = curves.steps
    best = steps[int(curves.answers[HELD_OUT].loss.mean(1).argmin())]
    table = curves.against(best).query(f"measure == '{LOSS}'")
    sides = {which: table[table["set"] == which].set_index("to") for which in (TRAIN, HELD_OUT)}
    rows = []
    for each in curves.checkpoints:
        one, two = (sides[which].loc[each.step] for which in (TRAIN, HELD_OUT))
        ways = _claimed(curves, one), _claimed(curves, two)
        told = BEST if each.step == best else _verdict(each.step < best, *ways)
        ends = [side[name] for side in (one, two) for name in ("change", "low", "high")]
        rows.append((each.step, each.name, told, *ends))
    names = [f"{which} {name}" for which in (TRAIN, HELD_OUT) for name in ("change", "low", "high")]
    return pd.DataFrame(rows, columns=["step", "checkpoint", "verdict", *names])


def _verdict(before: bool, train: str, held_out: str) -> str:
    if held_out != RISES:
        return LEVEL_WITH_BEST
    if before:
        return OVERFITTED if train == FALLS else UNDERFITTED
    return OVERFITTED if train == FALLS else "worse on held-out texts"


def unchanged_layers(drift: pd.DataFrame, limit: float = UNCHANGED) -> list[str]:
    """Parts that no checkpoint has moved by more than `limit` (see `checkpoint_drift`)."""
    if limit < 0:
        raise BadInput("The limit of a drift is not negative.")
    most = drift.groupby("part", sort=False)["drift"].max()
    return [part for part, value in most.items() if value <= limit]


def learning_findings(
    curves: LearningCurves, drift: pd.DataFrame | None = None
) -> tuple[Finding, ...]:
    """Sentences on what the curves, and the drift of the weights where given, show.

    A change of loss is spoken of where its simultaneous 95% interval (paired bootstrap over texts,
    Bonferroni over steps and sets) lies beyond ±0.01 nats; of fewer texts than
    `LearningCurves.fewest` nothing is claimed.
    """
    found = [
        *_size_finding(curves),
        *_phase_findings(curves),
        *_verdict_findings(curves),
        *_gap_finding(curves),
    ]
    found += _calibration_findings(curves)
    if drift is not None:
        found += drift_findings(drift)
    return tuple(found)


def _size_finding(curves: LearningCurves) -> Iterator[Finding]:
    """That the texts are too few for claims on the loss."""
    if curves.too_few:
        sizes = ", ".join(f"{which} {curves.answers[which].n:,}" for which in (TRAIN, HELD_OUT))
        yield Finding(
            "too few texts",
            tuple(curves.steps),
            f"The texts are too few to claim anything of the loss ({sizes}). Give at least "
            f"{curves.fewest} in each set, better some hundred.",
        )


def _phase_findings(curves: LearningCurves) -> Iterator[Finding]:
    table = phases(curves)
    changes = curves.changes().query(f"measure == '{LOSS}'")
    means = {
        which: dict(zip(curves.steps, curves.answers[which].loss.mean(1)))
        for which in (TRAIN, HELD_OUT)
    }
    last = curves.steps[-1]
    for phase, rows in groupby(table.to_dict("records"), key=lambda row: row["phase"]):
        steps = list(rows)
        start, end = steps[0]["from"], steps[-1]["to"]
        losses = "; ".join(
            f"{which} {_written(means[which][start])} → {_written(means[which][end])}"
            for which in (TRAIN, HELD_OUT)
        )
        where = f"Step {start:,} to {end:,}"
        told = {
            IMPROVING: f"{where}: the loss falls on both sets ({losses}).",
            OVERFITTING: f"{where}: the held-out loss rises while the training loss falls "
            f"({losses}), the sign of overfitting.",
            TRAIN_ONLY: f"{where}: the training loss falls, and no change of the held-out loss is "
            f"claimed ({losses}).",
            HELD_OUT_ONLY: f"{where}: the held-out loss falls, and no fall of the training loss is "
            f"claimed ({losses}).",
            WORSE: f"{where}: the held-out loss rises ({losses}).",
            UNCLEAR: f"{where}: no change of the held-out loss is claimed ({losses}).",
        }[phase]
        if phase == IMPROVING and end == last:
            told += " The model was still improving at the last checkpoint."
        if len(steps) == 1 and not curves.too_few:
            told += f" Changes: {_intervals(changes, start, end)}."
        yield Finding(phase, (start, end), told)


def _intervals(changes: pd.DataFrame, start: int, end: int) -> str:
    rows = changes[(changes["from"] == start) & (changes["to"] == end)]
    return "; ".join(
        f"{row['set']} {_signed(row['change'])} ({_signed(row['low'])} to {_signed(row['high'])})"
        for row in rows.to_dict("records")
    )


def _verdict_findings(curves: LearningCurves) -> Iterator[Finding]:
    table = verdicts(curves)
    best = table[table["verdict"] == BEST].iloc[0]
    told, best_step = table.to_dict("records"), f"{best['step']:,}"
    for verdict, sentence in (
        (
            UNDERFITTED,
            "the held-out loss is higher, and the training loss not lower, than at step {best}",
        ),
        (OVERFITTED, "the held-out loss is higher and the training loss lower than at step {best}"),
    ):
        rows = [row for row in told if row["verdict"] == verdict]
        if rows:
            steps = tuple(row["step"] for row in rows)
            least = min(rows, key=lambda row: row[f"{HELD_OUT} low"])
            named = "Step" if len(steps) == 1 else "Steps"
            yield Finding(
                verdict,
                steps,
                f"{named} {', '.join(f'{step:,}' for step in steps)}: {verdict}; "
                f"{sentence.format(best=best_step)}, which has the lowest held-out loss "
                f"(difference at step {least['step']:,}: {_signed(least[f'{HELD_OUT} change'])}, "
                f"{_signed(least[f'{HELD_OUT} low'])} to {_signed(least[f'{HELD_OUT} high'])}).",
            )


def _gap_finding(curves: LearningCurves) -> Iterator[Finding]:
    gap = curves.gap().query(f"measure == '{LOSS}'")
    first, last = gap.iloc[0], gap.iloc[-1]
    if last["low"] > max(first["high"], 0.0) and not curves.too_few:
        yield Finding(
            "gap",
            (int(first["step"]), int(last["step"])),
            f"The gap between held-out and training loss grows from {_signed(first['value'])} "
            f"({_signed(first['low'])} to {_signed(first['high'])}) at step "
            f"{int(first['step']):,} to {_signed(last['value'])} ({_signed(last['low'])} to "
            f"{_signed(last['high'])}) at step {int(last['step']):,}.",
        )


def _calibration_findings(curves: LearningCurves) -> Iterator[Finding]:
    """Whether probabilities at the best and at the last checkpoint can be believed."""
    answers = curves.answers[HELD_OUT]
    places = sorted({int(answers.loss.mean(1).argmin()), len(curves.steps) - 1})
    for place in places:
        confidence, right = answers.confidence[place], answers.right[place]
        error = curves.calibration(HELD_OUT, place)
        if error.p > LEVEL / len(places):
            continue
        sure, accuracy = float(confidence.mean()), float(right.mean())
        way = "overconfident" if sure > accuracy else "underconfident"
        step = curves.steps[place]
        yield Finding(
            "calibration",
            (step,),
            f"Step {step:,} is {way} on held-out texts: mean confidence {sure:.1%}, accuracy "
            f"{accuracy:.1%}; expected calibration error {error.value:.3f} ({error.low:.3f} to "
            f"{error.high:.3f}), more than of a calibrated model (simulation, {p_value(error.p)}).",
        )


def drift_findings(drift: pd.DataFrame) -> Iterator[Finding]:
    """A sentence on the parts that never moved, where there are any (see `unchanged_layers`)."""
    still = unchanged_layers(drift)
    if still:
        yield Finding(
            "unchanged weights",
            tuple(int(step) for step in np.unique(drift["step"])),
            f"Nothing was learned in {', '.join(still)}: no checkpoint differs from the first by "
            f"more than {UNCHANGED:.1%} of the weights’ norm.",
        )


def _signed(value: float) -> str:
    return _written(value, "+").replace("-", "−")


def _written(value: float, sign: str = "") -> str:
    """Three decimals; of a loss that has run away three digits."""
    return f"{value:{sign}.3f}" if abs(value) < 1e4 else f"{value:{sign}.2e}"
