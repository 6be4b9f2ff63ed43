"""Attributions of many texts in shared passes of the model.

A short text fills a pass badly, and its set-up costs as much as a pass. So the points that the
methods ask for are computed together: of texts of any length where the model's layers can take
them end to end, else of texts of one length. Nothing is padded, so that nothing changes: what comes
out is what `attribute` gives for each text alone, to rounding.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import torch

from interp_core.attribution.baselines import baseline_embeddings, name_baselines
from interp_core.attribution.core import averaged, baseline_label, finished
from interp_core.attribution.forward_function import text_function
from interp_core.attribution.integrated_gradients import forecast
from interp_core.attribution.methods import METHODS, check_method
from interp_core.attribution.packed_pass import packed_pass
from interp_core.attribution.shared_points import (
    Job,
    OtherAnswer,
    OutputRows,
    Run,
    at_the_text,
    differ,
    evaluate_starts,
    integrate,
    parts,
    run_alone,
    run_network,
    stacked,
)
from interp_core.attribution.short_pass import short_pass
from interp_core.attribution.targets import TargetRequest
from interp_core.attribution.task_targets import resolve_target
from interp_core.errors import ClearheadError, Stopped
from interp_core.inputs.tokens import encode
from interp_core.models.forward import refuses_batches
from interp_core.progress import Counter

if TYPE_CHECKING:
    from interp_core.attribution.forward_function import TextFunction
    from interp_core.attribution.prediction import Prediction
    from interp_core.attribution.result import Attribution
    from interp_core.inputs.tokens import Encoded
    from interp_core.models.record import LoadedModel

BLOCK = 64  # texts that are sorted by length together
HELD_TOKENS = 4096  # of texts whose points are computed together, held with their baselines
SHARED = ("integrated_gradients", "saliency", "input_x_gradient")
Explained = tuple["TextFunction", "Prediction"]


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
    alike: dict[Any, dict[int, Encoded]] = {}
    for place, text in enumerate(texts):
        try:
            check_method(model, method, options)
            encoded = encode(model, text)
            kind = (len(encoded.sequence), *sorted(encoded.inputs))
            alike.setdefault(kind, {})[place] = encoded
        except ClearheadError as error:
            found[place] = error
    request, meter = TargetRequest(target, contrast), Counter(progress)
    left = sum(map(len, alike.values()))
    ways: _Ways | None = None
    for bundle in _bundles([alike[kind] for kind in sorted(alike, reverse=True)]):
        meter.expected = meter.done + left * _rows_of(method, options)
        left -= sum(map(len, bundle))
        groups: list[dict[int, Explained]] = []
        for members in bundle:
            try:
                encoded = list(members.values())
                whole = ways.whole if ways else _alone(model, encoded[0], request)
                group = _explained(whole, encoded, request, meter)
                if ways is None:
                    if differ(whole.value, group[0][0]):
                        return None
                    ways = _ways(whole, group[0][0], options)
                groups.append(dict(zip(members, group)))
            except Stopped:
                raise
            except ClearheadError as error:
                found |= dict.fromkeys(members, error)
        if ways is not None:
            found |= _records(ways, groups, (method, baseline, options, meter))
    return [found[place] for place in range(len(texts))]


def _bundles(kinds: list[dict[int, Encoded]]) -> Iterator[list[dict[int, Encoded]]]:
    """Texts, by their lengths, that are held in memory together."""
    bundle: list[dict[int, Encoded]] = []
    held = 0
    for kind in kinds:
        size = sum(len(each.sequence) for each in kind.values())
        if bundle and held + size > HELD_TOKENS:
            yield bundle
            bundle, held = [], 0
        bundle.append(kind)
        held += size
    if bundle:
        yield bundle


@dataclass(frozen=True)
class _Ways:
    """How points are computed: whole passes, and the quicker ones that the model allows.

    `packed` takes texts of any length, `whole` and `short` those of one length.
    """

    whole: TextFunction
    short: Run | None
    packed: Run | None


def _ways(whole: TextFunction, longest: TextFunction, options: dict[str, Any]) -> _Ways:
    """The ways of a model, tried with its longest text."""
    # Gauss-Legendre points are all on the way: at none of them is the answer known.
    if options.get("rule", "adaptive") != "adaptive":
        return _Ways(whole, None, None)
    longest = replace(longest, meter=Counter())  # what is tried does not count as the text's
    packed = packed_pass(longest)
    short = short_pass(longest) if packed is None else None
    return _Ways(whole, None if short is None else run_alone(short), packed)


Asked = tuple[str, str | None, dict[str, Any], Counter]


def _records(
    ways: _Ways, groups: list[dict[int, Explained]], asked: Asked
) -> dict[int, Attribution | ClearheadError]:
    """The records of texts by their places: in packed passes, or in those of one length."""
    together = {place: text for group in groups for place, text in group.items()}
    try:
        try:
            if ways.packed is not None:
                return _quickly(ways.packed, together, asked)
        except OtherAnswer:
            pass
        return {place: each for group in groups for place, each in _apart(ways, group, asked)}
    except Stopped:
        raise
    except ClearheadError as error:
        return dict.fromkeys(together, error)


def _apart(
    ways: _Ways, group: dict[int, Explained], asked: Asked
) -> Iterable[tuple[int, Attribution | ClearheadError]]:
    """The records of texts of one length."""
    if ways.short is not None:
        try:
            return _quickly(ways.short, group, asked).items()
        except OtherAnswer:
            pass
    return zip(group, _attributions(run_alone(ways.whole), list(group.values()), *asked))


def _quickly(
    run: Run, group: dict[int, Explained], asked: Asked
) -> dict[int, Attribution | ClearheadError]:
    """The records by another way than whole passes. Raises `OtherAnswer`."""
    fresh = [(replace(text, meter=Counter()), said) for text, said in group.values()]
    return dict(zip(group, _attributions(run, fresh, *asked)))


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


def _explained(
    shared: TextFunction, encoded: Sequence[Encoded], request: TargetRequest, meter: Counter
) -> list[Explained]:
    """The explained function of each text of one length, and what the model predicts for it."""
    found = []
    for part in parts(list(encoded), lambda each: len(each.sequence)):
        shared.port.give(None)
        with torch.no_grad():
            output = run_network(shared, stacked(part))
        seen = shared.port.seen.transpose(0, 1) if shared.port.turned else shared.port.seen
        for row, each in enumerate(part):
            own = OutputRows(output, slice(row, row + 1))
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


def _attributions(
    run: Run,
    group: list[Explained],
    method: str,
    baseline: str | None,
    options: dict[str, Any],
    meter: Counter,
) -> list[Attribution | ClearheadError]:
    """The records of texts that go through `run` together, in their order."""
    entry, model = METHODS[method], group[0][0].model
    names = name_baselines(model.tokenizer, baseline) if entry.baseline else ()
    works = [_works(each, names, path=entry.path) for each, _ in group]
    jobs = [job for some in works for job in some]
    if names:
        evaluate_starts(jobs, run, meter)
    if entry.path:
        integrate(jobs, run, meter, **options)
    else:
        at_the_text(jobs, method, run, meter)
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


def _works(text: TextFunction, names: tuple[str, ...], *, path: bool) -> list[Job]:
    starts = [baseline_embeddings(text, name, path=path) for name in names]
    return [Job(text, start) for start in starts or [text.embeddings]]
