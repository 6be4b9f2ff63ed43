"""Attributions of many texts in shared passes of the model.

A short text fills a pass badly, and its set-up costs as much as a pass. So texts of one length are
stacked (nothing is padded, so that nothing changes), and the points that their methods ask for are
computed together. What comes out is what `attribute` gives for each text alone, to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from interp_core.attribution.baselines import baseline_embeddings, name_baselines
from interp_core.attribution.core import averaged, baseline_label, finished
from interp_core.attribution.forward_function import HALF_TOLERANCE, TOLERANCE, text_function
from interp_core.attribution.integrated_gradients import Steps, check_rule, forecast, path_steps
from interp_core.attribution.methods import METHODS, check_method
from interp_core.attribution.result import MethodOutput
from interp_core.attribution.short_pass import short_pass
from interp_core.attribution.targets import TargetRequest
from interp_core.attribution.task_targets import resolve_target
from interp_core.errors import ClearheadError, Stopped
from interp_core.inputs.tokens import encode
from interp_core.models.forward import no_cache, refuses_batches
from interp_core.progress import Counter

if TYPE_CHECKING:
    from torch import Tensor

    from interp_core.attribution.forward_function import TextFunction
    from interp_core.attribution.prediction import Prediction
    from interp_core.attribution.result import Attribution
    from interp_core.inputs.tokens import Encoded
    from interp_core.models.record import LoadedModel

BLOCK = 64  # texts that are sorted by length together
PASS_TOKENS = 1024  # in one pass
SHARED = ("integrated_gradients", "saliency", "input_x_gradient")


def shares_passes(model: LoadedModel, method: str, position: Any = None) -> bool:
    """Whether texts of this model can share passes with this method."""
    reads = model.task == "sequence-classification" and not model.model.config.is_encoder_decoder
    return method in SHARED and position is None and reads and not refuses_batches(model)


def attribute_block(
    model: LoadedModel,
    texts: Sequence[str],
    *,
    method: str = "integrated_gradients",
    target: Any = None,
    contrast: Any = None,
    baseline: str | None = None,
    progress: Callable[[int, int], object] | None = None,
    **options: Any,
) -> list[Attribution | ClearheadError] | None:
    """The attribution of each text, or the error that says why it has none; see `attribute`.

    `progress(done, expected)` counts rows of passes and a forecast of them. None where a text's
    output depends on the texts beside it: take one after another.
    """
    found: dict[int, Attribution | ClearheadError] = {}
    alike: dict[Any, list[tuple[int, Encoded]]] = {}
    for place, text in enumerate(texts):
        try:
            check_method(model, method, options)
            encoded = encode(model, text)
            kind = (len(encoded.sequence), *sorted(encoded.inputs))
            alike.setdefault(kind, []).append((place, encoded))
        except ClearheadError as error:
            found[place] = error
    request, meter = TargetRequest(target, contrast), Counter(progress)
    left = sum(map(len, alike.values()))
    alone: TextFunction | None = None
    short: TextFunction | None = None
    for members in alike.values():
        meter.expected, left = meter.done + left * _rows_of(method, options), left - len(members)
        places, encoded = zip(*members)
        try:
            if alone is None:
                alone = _alone(model, encoded[0], request)
            group = _explained(alone, encoded, request, meter)
            if alone.encoded is encoded[0] and _differ(alone.value, group[0][0]):
                return None
            short = short or short_pass(group[0][0])
            found |= zip(places, _shortly(short, group, method, baseline, options, meter))
        except Stopped:
            raise
        except ClearheadError as error:
            found |= dict.fromkeys(places, error)
    return [found[place] for place in range(len(texts))]


class _OtherAnswer(Exception):
    """A shorter pass gave another answer for a text than the whole one."""


def _shortly(
    short: TextFunction | None,
    group: list[tuple[TextFunction, Prediction]],
    method: str,
    baseline: str | None,
    options: dict[str, Any],
    meter: Counter,
) -> list[Attribution | ClearheadError]:
    """The records of a group, in shorter passes where these give every text's own answer."""
    given = (method, baseline, options, meter)
    # Gauss-Legendre points are all on the way: at none of them is the answer known.
    if short is None or options.get("rule", "adaptive") != "adaptive":
        return _attributions(group, *given)
    through = {"network": short.network, "port": short.port}
    try:
        quick = [(replace(text, **through, meter=Counter()), said) for text, said in group]
        return _attributions(quick, *given)
    except _OtherAnswer:
        return _attributions(group, *given)


def _rows_of(method: str, options: dict[str, Any]) -> int:
    """About how many rows of a pass one text takes."""
    if not METHODS[method].path:
        return 2
    return 2 + forecast(options.get("rule", "adaptive"), options.get("evaluations"))


def _alone(model: LoadedModel, encoded: Encoded, request: TargetRequest) -> TextFunction:
    """The function of one text, whose network and hook the others use too."""
    return text_function(
        model, encoded, lambda output: resolve_target(model, encoded, output, request)[0]
    )


def _differ(value: float, text: TextFunction) -> bool:
    """Whether another pass's value is not the text's own."""
    slack = TOLERANCE.get(text.embeddings.dtype, HALF_TOLERANCE)
    return not abs(value - text.value) <= slack * max(1.0, abs(value))


@dataclass(frozen=True)
class _Rows:
    """The rows of an output that belong to one text."""

    output: Any
    rows: slice

    def __getitem__(self, name: str) -> Tensor:
        return self.output[name][self.rows]

    @property
    def logits(self) -> Tensor:
        return self.output.logits[self.rows]


def _explained(
    shared: TextFunction, encoded: Sequence[Encoded], request: TargetRequest, meter: Counter
) -> list[tuple[TextFunction, Prediction]]:
    """The explained function of each text, and what the model predicts for it."""
    found = []
    for part in _parts(list(encoded), len(encoded[0].sequence)):
        shared.port.give(None)
        with torch.no_grad():
            output = _run(shared, _stacked(part))
        seen = shared.port.seen.transpose(0, 1) if shared.port.turned else shared.port.seen
        for row, each in enumerate(part):
            own = _Rows(output, slice(row, row + 1))
            target, prediction = resolve_target(shared.model, each, own, request)
            function = replace(
                shared,
                encoded=each,
                target=target,
                embeddings=seen[row : row + 1].clone(),
                output=own,
                value=float(target.score(own)),
                meter=Counter(),
            )
            found.append((function, prediction))
        meter.add(len(part))
    return found


def _parts(items: list, tokens: int) -> list[list]:
    """As many as fit in one pass."""
    size = max(1, PASS_TOKENS // tokens)
    return [items[begin : begin + size] for begin in range(0, len(items), size)]


def _stacked(encoded: Sequence[Encoded]) -> dict[str, Tensor]:
    return {name: torch.cat([each.inputs[name] for each in encoded]) for name in encoded[0].inputs}


def _run(shared: TextFunction, inputs: dict[str, Tensor]) -> Any:
    return shared.network(**inputs, **no_cache(shared.model), return_dict=True)


@dataclass
class _Job:
    """A method at work on one text from one baseline: what it asks for, and in the end gives.

    `alphas` are the points on the way from `start` (1, n, d) to the text.
    """

    text: TextFunction
    start: Tensor
    alphas: np.ndarray = field(default_factory=lambda: np.zeros(1))
    value: float = 0.0
    steps: Steps | None = None
    output: MethodOutput | None = None

    def point(self, alpha: float) -> Tensor:
        """What enters the network there, (1, n, d)."""
        return self.start + alpha * (self.text.embeddings - self.start)

    def begin(self, rule: str, evaluations: int | None) -> None:
        """Take the first step of integrated gradients."""
        self.steps = path_steps(len(self.text), self.value, rule, evaluations)
        self.alphas = next(self.steps)

    def answer(self, values: list[float], slopes: list[Tensor]) -> None:
        """Take the next step, with F and gradients (n, d) at the points."""
        away = (self.text.embeddings - self.start)[0].cpu()
        along = np.stack([(each.double() * away).sum(-1).numpy() for each in slopes])
        try:
            self.alphas = self.steps.send((np.array(values), along))
        except StopIteration as end:
            self.output, self.alphas = end.value, np.zeros(0)
        self.text.meter.add(len(values))


def _attributions(
    group: list[tuple[TextFunction, Prediction]],
    method: str,
    baseline: str | None,
    options: dict[str, Any],
    meter: Counter,
) -> list[Attribution | ClearheadError]:
    """The records of texts of one length, in their order."""
    entry, model = METHODS[method], group[0][0].model
    names = name_baselines(model.tokenizer, baseline) if entry.baseline else ()
    works = [_works(each, names, path=entry.path) for each, _ in group]
    jobs = [job for some in works for job in some]
    if names:
        for job, (value, _) in zip(jobs, _values(jobs, meter, gradients=False)):
            job.value = value
            job.text.meter.add(1)
    _integrate(jobs, meter, **options) if entry.path else _at_the_text(jobs, method, meter)
    asked = {"baseline": baseline, **options}
    found: list[Attribution | ClearheadError] = []
    for (text, prediction), mine in zip(group, works):
        wrong = next((job.output for job in mine if isinstance(job.output, ClearheadError)), None)
        if wrong is not None:
            found.append(wrong)
            continue
        raw, start = mine[0].output, None
        if names:
            raw, start = averaged([job.output for job in mine], [job.value for job in mine])
        record = finished(text, prediction, method, raw, start)
        found.append(replace(record, baseline=baseline_label(baseline, names), options=asked))
    return found


def _works(text: TextFunction, names: tuple[str, ...], *, path: bool) -> list[_Job]:
    starts = [baseline_embeddings(text, name, path=path) for name in names]
    return [_Job(text, start) for start in starts or [text.embeddings]]


def _integrate(
    jobs: list[_Job], meter: Counter, rule: str = "adaptive", evaluations: int | None = None
) -> None:
    """Integrated gradients: all texts take their steps together until none asks for more."""
    check_rule(rule, evaluations)
    for job in jobs:
        job.begin(rule, evaluations)
    while active := [job for job in jobs if len(job.alphas)]:
        points = iter(_values(active, meter))
        for job in active:
            values, slopes = zip(*(next(points) for _ in job.alphas))
            try:
                job.answer(list(values), list(slopes))
            except ClearheadError as error:  # its numbers are beyond the format
                job.output, job.alphas = error, np.zeros(0)


def _at_the_text(jobs: list[_Job], method: str, meter: Counter) -> None:
    """The methods that take one gradient, at the text itself."""
    for job, (_, slope) in zip(jobs, _values(jobs, meter)):
        slope, text = slope.double(), job.text.embeddings[0].cpu().double()
        scores = slope.norm(dim=-1) if method == "saliency" else (text * slope).sum(-1)
        job.text.meter.add(1)
        try:
            job.output = MethodOutput(scores.numpy())
        except ClearheadError as error:
            job.output = error


def _values(
    jobs: list[_Job], meter: Counter, *, gradients: bool = True
) -> list[tuple[float, Tensor]]:
    """F and its gradient (n, d) at every point that the jobs ask for, in order."""
    rows = [(job, float(alpha)) for job in jobs for alpha in job.alphas]
    found: list[tuple[float, Tensor]] = []
    for part in _parts(rows, len(jobs[0].text)):
        shared = part[0][0].text
        point = torch.cat([job.point(alpha) for job, alpha in part]).requires_grad_(gradients)
        inputs = _stacked([job.text.encoded for job, _ in part])
        shared.port.give(point)
        try:
            with torch.set_grad_enabled(gradients):
                output = _run(shared, inputs)
                values = _scores(part, output)
                slopes = torch.autograd.grad(values.sum(), point)[0] if gradients else point
        finally:
            shared.port.given = None
        found += zip(values.detach().cpu().double().tolist(), slopes.detach().cpu())
        meter.add(len(part))
    for (job, alpha), (value, _) in zip(rows, found):
        if (alpha == 1 or job.start is job.text.embeddings) and _differ(value, job.text):
            raise _OtherAnswer
    return found


def _scores(part: list[tuple[_Job, float]], output: Any) -> Tensor:
    """F of each row: every text has a target of its own."""
    ends = [0]
    for place, (job, _) in enumerate(part, 1):
        if place == len(part) or part[place][0].text is not job.text:
            ends.append(place)
    return torch.cat(
        [
            part[begin][0].text.target.score(_Rows(output, slice(begin, end)))
            for begin, end in pairwise(ends)
        ]
    )
