"""Points of several texts in shared passes: F and its gradient, and the methods that ask for them.

A pass takes groups of rows, each of texts of one length: one group where the network is run as it
is, several where it takes texts of any length together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from interp_core.attribution.baselines import Baseline
from interp_core.attribution.forward_function import HALF_TOLERANCE, TOLERANCE
from interp_core.attribution.integrated_gradients import (
    Steps,
    Undecided,
    check_rule,
    integrated_gradients,
    path_steps,
)
from interp_core.attribution.result import MethodOutput
from interp_core.errors import ClearheadError, Stopped
from interp_core.models.forward import no_cache
from interp_core.progress import Counter

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.attribution.forward_function import TextFunction
    from interp_core.inputs.tokens import Encoded

PASS_TOKENS = 512  # in one pass: with more, what is kept for the way back leaves the caches
Group = tuple[dict[str, "Tensor"], "Tensor"]  # inputs (rows, n), embeddings (rows, n, d)
Run = Callable[[Sequence[Group]], Any]  # the output of a pass, a row for each row of the groups


class OtherAnswer(Exception):
    """A pass gave another answer for a text than the whole one."""


def run_alone(function: TextFunction) -> Run:
    """Passes of the function's own network, which take one group."""

    def run(groups: Sequence[Group]) -> Any:
        ((inputs, point),) = groups
        function.port.give(point)
        try:
            return run_network(function, inputs)
        finally:
            function.port.given = None

    return run


def run_network(function: TextFunction, inputs: dict[str, Tensor]) -> Any:
    """One pass of the function's network over the inputs of several texts."""
    return function.network(**inputs, **no_cache(function.model), return_dict=True)


def stacked(encoded: Sequence[Encoded]) -> dict[str, Tensor]:
    """The inputs of texts of one length, a row each."""
    return {name: torch.cat([each.inputs[name] for each in encoded]) for name in encoded[0].inputs}


def differ(value: float, text: TextFunction) -> bool:
    """Whether another pass's value is not the text's own."""
    slack = TOLERANCE.get(text.embeddings.dtype, HALF_TOLERANCE)
    return not abs(value - text.value) <= slack * max(1.0, abs(value))


@dataclass(frozen=True)
class OutputRows:
    """The rows of an output that belong to one text."""

    output: Any
    rows: slice

    def __getitem__(self, name: str) -> Tensor:
        return self.output[name][self.rows]

    @property
    def logits(self) -> Tensor:
        return self.output.logits[self.rows]


@dataclass
class Job:
    """A method at work on one text from one baseline: what it asks for, and in the end gives.

    `alphas` are the points on the way from `start` (1, n, d) to the text.
    """

    text: TextFunction
    start: Tensor
    alphas: np.ndarray = field(default_factory=lambda: np.zeros(1))
    value: float = 0.0
    steps: Steps | None = None
    output: MethodOutput | ClearheadError | None = None
    done: int = 0  # points on the way

    def point(self, alpha: float) -> Tensor:
        """What enters the network there, (1, n, d)."""
        return self.start + alpha * (self.text.embeddings - self.start)

    def along(self, slope: Tensor) -> np.ndarray:
        """(x − x')_i · ∂F/∂x_i of each token, (n,)."""
        return _products(slope, self.text.embeddings - self.start)

    def begin(self, rule: str, evaluations: int | None) -> None:
        """Take the first step of integrated gradients."""
        # Half formats agree to two digits only, so their steps need not be the same.
        dtype = self.text.embeddings.dtype
        rounding = torch.finfo(dtype).eps if dtype == torch.float32 else 0.0
        self.steps = path_steps(len(self.text), self.value, rule, evaluations, rounding)
        self.alphas = next(self.steps)

    def answer(self, values: Sequence[float], slopes: Sequence[np.ndarray]) -> None:
        """Take the next step, with F and the products of `along` at the points.

        Raises `Undecided`.
        """
        self.done += len(values)
        try:
            self.alphas = self.steps.send((np.array(values), np.stack(slopes)))
        except StopIteration as end:
            self.end(end.value)

    def integrate_alone(self, meter: Counter, rule: str, evaluations: int | None) -> None:
        """Take all steps again, in passes of this text alone."""
        counted = Counter(lambda done, expected: meter.add(0))
        text = replace(self.text, meter=counted)
        with torch.no_grad():
            start = Baseline("", self.start, float(text(self.start)))
        before = counted.done
        output = integrated_gradients(text, start, rule=rule, evaluations=evaluations)
        self.done = counted.done - before
        self.end(output)

    def end(self, output: MethodOutput | ClearheadError) -> None:
        """Nothing more is asked for."""
        self.output, self.alphas = output, np.zeros(0)
        self.text.meter.add(self.done)


def _products(slope: Tensor, vectors: Tensor) -> np.ndarray:
    """Σ_d slope · vectors of each token, (n,), for slope (n, d) and vectors (1, n, d)."""
    return (slope.cpu().double() * vectors[0].cpu()).sum(-1).numpy()


def evaluate_starts(jobs: list[Job], run: Run, meter: Counter) -> None:
    """F at every job's baseline."""
    for job, value in zip(jobs, _values(jobs, run, meter, None)):
        job.value = value[0]
        job.text.meter.add(1)


def integrate(
    jobs: list[Job],
    run: Run,
    meter: Counter,
    rule: str = "adaptive",
    evaluations: int | None = None,
) -> None:
    """Integrated gradients: all texts take their steps together until none asks for more.

    Where rounding decides on a text's next points, it is taken alone: what comes out has to be
    what the text alone gives.
    """
    check_rule(rule, evaluations)
    for job in jobs:
        job.begin(rule, evaluations)
    while active := [job for job in jobs if len(job.alphas)]:
        points = _values(active, run, meter, Job.along)
        for job in active:
            values, slopes = zip(*(next(points) for _ in job.alphas))
            try:
                try:
                    job.answer(values, slopes)
                except Undecided:
                    job.integrate_alone(meter, rule, evaluations)
            except Stopped:
                raise
            except ClearheadError as error:  # its numbers are beyond the format
                job.end(error)


def at_the_text(jobs: list[Job], method: str, run: Run, meter: Counter) -> None:
    """The methods that take one gradient, at the text itself."""

    def scores(job: Job, slope: Tensor) -> np.ndarray:
        if method == "saliency":
            return slope.cpu().double().norm(dim=-1).numpy()
        return _products(slope, job.text.embeddings)

    for job, (_, found) in zip(jobs, _values(jobs, run, meter, scores)):
        job.text.meter.add(1)
        try:
            job.output = MethodOutput(found)
        except ClearheadError as error:
            job.output = error


Summed = Callable[[Job, "Tensor"], np.ndarray]


def _values(
    jobs: list[Job], run: Run, meter: Counter, summed: Summed | None
) -> Iterator[tuple[float, np.ndarray | None]]:
    """F at every point that the jobs ask for, in order, and what `summed` makes of its gradient.

    `summed(job, gradient)` takes the gradient (n, d) of a point; without it none is computed.
    Jobs of one length stand together. Raises `OtherAnswer` where F at a text is not the text's.
    """
    found: list[tuple[float, np.ndarray | None]] = []
    rows = [(job, float(alpha)) for job in jobs for alpha in job.alphas]
    for part in parts(rows, lambda row: len(row[0].text)):
        groups = [list(each) for _, each in groupby(part, lambda row: len(row[0].text))]
        points = [
            torch.cat([job.point(alpha) for job, alpha in each]).requires_grad_(summed is not None)
            for each in groups
        ]
        inputs = [stacked([job.text.encoded for job, _ in each]) for each in groups]
        with torch.set_grad_enabled(summed is not None):
            values = _scores(part, run(list(zip(inputs, points))))
            slopes = torch.autograd.grad(values.sum(), points) if summed else ()
        each_slope = (slope for group in slopes for slope in group)
        for (job, alpha), value in zip(part, values.detach().cpu().double().tolist()):
            if (alpha == 1 or job.start is job.text.embeddings) and differ(value, job.text):
                raise OtherAnswer
            found.append((value, summed(job, next(each_slope)) if summed else None))
        meter.add(len(part))
    return iter(found)


def parts(items: list, tokens: Callable[[Any], int]) -> Iterator[list]:
    """As many as fit in one pass, in order."""
    part: list = []
    size = 0
    for item in items:
        if part and size + tokens(item) > PASS_TOKENS:
            yield part
            part, size = [], 0
        part.append(item)
        size += tokens(item)
    if part:
        yield part


def _scores(part: list[tuple[Job, float]], output: Any) -> Tensor:
    """F of each row: every text has a target of its own."""
    ends = [0]
    for place, (job, _) in enumerate(part, 1):
        if place == len(part) or part[place][0].text is not job.text:
            ends.append(place)
    return torch.cat(
        [
            part[begin][0].text.target.score(OutputRows(output, slice(begin, end)))
            for begin, end in pairwise(ends)
        ]
    )
