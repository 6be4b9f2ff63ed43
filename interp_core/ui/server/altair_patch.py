"""Charts without Altair's checks: most of the time of a page that is drawn again.

The tests build every chart with them. Streamlit converts one chart at a time in the whole process,
so what a chart costs is a wait for everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache, partial
from typing import Any

import altair as alt
import pandas as pd
from altair.utils import core, schemapi
from altair.vegalite.v6 import api
from altair.vegalite.v6.schema import channels

_Converter = schemapi._FromDict
_wrapped = core._ChannelCache._wrap_in_channel
_copied = schemapi._deep_copy
_lifted = api._prepare_to_lift
_to_plain = schemapi._todict
_parse = core.parse_shorthand

# Of a condition between two values; one that reads a field is left to Altair.
PLAIN = {"test", "param", "empty", "value"}
VALUES = {schemapi.UndefinedType, str, bool, int, float, type(None)}
OWN = {"_args", "_kwds"}  # all that a part of a chart holds


@lru_cache(maxsize=4)
def _converter(classes: tuple[type, ...]) -> schemapi._FromDict:
    return _Converter(classes)


def apply() -> None:
    """Check no part of a chart when it is made, and keep the table of its parts.

    For each colour or size with a condition, Altair would hash all six hundred of its classes and
    try its parts against Vega-Lite's schema; nine in ten parts that it copies are the mark of an
    option that was not given; of each word and number it asks whether it has all that a part of a
    chart has; it puts the patterns together again by which it reads "score:Q"; and a height is
    tried against the schema although the checks are off.
    """
    schemapi.disable_debug_mode()
    schemapi._FromDict = lambda classes: _converter(tuple(classes))
    schemapi._deep_copy, schemapi._todict = _copy, _said
    api._viewless_dict, api._prepare_to_lift = _without_views, _to_lift
    core._ChannelCache._wrap_in_channel = _wrap
    channels.parse_shorthand = _parsed
    schemapi.SchemaBase.validate_property = lambda *_, **__: None


def _copy(part: Any, by_ref: set[str]) -> Any:
    """What Altair copies, one by one, but never what is nothing but a value.

    A copy has the parts of its original as they are: they are not put together again.
    """
    if isinstance(part, list):
        return [each if type(each) in VALUES else _copy(each, by_ref) for each in part]
    if isinstance(part, dict):
        return _copied_dict(part, by_ref)
    if not isinstance(part, schemapi.SchemaBase):
        return part
    if vars(part).keys() != OWN or hasattr(type(part), "__deepcopy__"):
        return _copied(part, by_ref)
    twin = object.__new__(type(part))
    arguments = tuple(_copy(each, by_ref) for each in part._args)
    vars(twin).update(_args=arguments, _kwds=_copied_dict(part._kwds, by_ref))
    return twin


def _copied_dict(parts: dict[str, Any], by_ref: set[str]) -> dict[str, Any]:
    return {
        name: each if type(each) in VALUES or name in by_ref else _copy(each, by_ref)
        for name, each in parts.items()
    }


def _said(part: Any, context: dict[str, Any] | None, np_opt: Any, pd_opt: Any) -> Any:
    """What Altair turns into dictionaries, one by one, but never what is nothing but a value."""
    if type(part) is dict:
        return {
            name: each if type(each) in VALUES else _said(each, context, np_opt, pd_opt)
            for name, each in part.items()
            if each is not schemapi.Undefined
        }
    if type(part) is list:
        return [
            each if type(each) in VALUES else _said(each, context, np_opt, pd_opt) for each in part
        ]
    return _to_plain(part, context, np_opt, pd_opt)


@lru_cache(maxsize=1024)
def _read(shorthand: str) -> dict[str, str]:
    return _parse(shorthand)


def _parsed(shorthand: str | dict, data: Any = None) -> dict[str, Any]:
    """The field and the type of a shorthand; a type that it does not name is that of the data."""
    parts = dict(_read(shorthand) if isinstance(shorthand, str) else shorthand)
    if "type" in parts or "field" not in parts:
        return parts
    frame = data.to_native() if hasattr(data, "to_native") else data
    if isinstance(frame, pd.DataFrame) and frame.columns.is_unique and parts["field"] in frame:
        kind = frame[parts["field"]].dtype
        if kind.kind in "iuf" or isinstance(kind, pd.StringDtype):
            return {**parts, "type": "quantitative" if kind.kind in "iuf" else "nominal"}
    return _parse(parts, data)


def _without_views(parameter: Any) -> dict[str, Any]:
    """By what Altair tells two parameters apart, unchecked."""
    found = parameter.to_dict(validate=False)
    found.pop("views", None)
    return found


def _to_lift(parameter: Any) -> Any:
    """A parameter of a layer as one of the whole chart, unchecked."""
    if isinstance(parameter, alt.SelectionParameter):
        said = parameter.to_dict(validate=False)
        return alt.TopLevelSelectionParameter(**said, views=[])
    return _lifted(parameter)


def _wrap(cache: core._ChannelCache, part: Any, encoding: str) -> Any:
    """The channel of what `encode` was given: at once for a column, one value, or one of two by a
    condition. Altair would look for its kind by trying all that there are.
    """
    if isinstance(part, str):
        column = cache.name_to_channel.get(encoding, {}).get("field")
        return column(shorthand=part) if column else _wrapped(cache, part, encoding)
    if isinstance(part, dict) and "value" in part and part.keys() <= {"value", "condition"}:
        condition = part.get("condition", {})
        channel = cache.name_to_channel.get(encoding, {}).get("value")
        if channel is not None and isinstance(condition, dict) and condition.keys() <= PLAIN:
            return channel(**part)
    return _wrapped(cache, part, encoding)


@contextmanager
def unchecked(chart: alt.TopLevelMixin) -> Iterator[None]:
    """Inside, what the chart is sent as is not checked against Vega-Lite's schema."""
    # Altair keeps attributes as parts of the chart; this one is none. It goes again, or chart and
    # data would stay in memory until the next collection.
    object.__setattr__(chart, "to_dict", partial(type(chart).to_dict, chart, validate=False))
    try:
        yield
    finally:
        object.__delattr__(chart, "to_dict")
