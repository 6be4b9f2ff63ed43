"""Charts that draw themselves in a notebook and in saved pages without any connection.

Altair's own way fetches Vega from the network. Here it stands beside the chart, in a frame of its
own: two copies of Vega in one page would get in each other's way, and nothing of a chart reaches
the notebook around it.
"""

from __future__ import annotations

import gzip
import io
import json
import re
from base64 import b64encode
from functools import lru_cache
from html import escape
from pathlib import Path
from typing import Any

import altair as alt

from interp_core.charts.export import WIDTH, picture, specification
from interp_core.errors import BadInput

FETCHES = ("default", "html", "colab", "kaggle", "zeppelin", "browser")  # Altair's that need a net
MANY = 2_000  # marks from which a canvas is quicker than elements that can be read out
MOST_STILL = 150_000  # characters of an SVG; larger ones are kept as PNG
INKS = 256  # colours of such a PNG
SAVED = ("html", "svg", "png", "pdf", "json", "vega")  # the last ones by Altair
MENU = {"export": True, "source": False, "compiled": False, "editor": False}
ROOM = 24  # px around the chart
STILL = "clearhead-still"  # class of the still picture below the frame
SIZE = re.compile(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"')
PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<style>body{{margin:8px;font-family:sans-serif}}
#chart{{width:100%;max-width:1000px}}#chart summary{{opacity:.6}}</style>
{vega}</head>
<body><div id="chart"></div><script>
ready.then(function () {{
  return vegaEmbed("#chart", {spec}, {options});
}}).then(function () {{
  document.body.style.background = "#fff";  // over the still picture, once there is a chart
  var frame = window.frameElement;
  if (!frame) return;
  var still = frame.previousElementSibling;
  if (still && still.className === "{still}") {{
    still.style.display = "none";
    frame.style.position = "static";
    frame.parentElement.style.minHeight = "0";
  }}
  frame.style.height = (document.documentElement.scrollHeight + 4) + "px";
}});
</script></body></html>
"""
PLAIN = "<script>{code}</script><script>var ready = Promise.resolve();</script>"
PACKED = """<script>
var ready = new Response(
  new Blob([Uint8Array.from(atob("{code}"), function (each) {{ return each.charCodeAt(0); }})])
    .stream().pipeThrough(new DecompressionStream("gzip"))
).text().then(function (code) {{
  var script = document.createElement("script");
  script.textContent = code;
  document.head.append(script);
}});
</script>"""


class _Offline:
    """What replaces Altair's ways to show and to save a chart."""

    def to_html(
        self, *_given: Any, title: str = "Chart", packed: bool = False, **_options: Any
    ) -> str:
        """A page that holds the chart with its data, and all that draws it.

        `packed`: what draws it is compressed to two fifths, for browsers of 2023 and later.
        """
        spec = _stretched(specification(self))
        rows = sum(len(each) for each in spec.get("datasets", {}).values())
        options = {"renderer": "canvas" if rows > MANY else "svg", "actions": MENU}
        return PAGE.format(
            title=escape(title),
            vega=_drawer(packed),
            spec=_script(spec),
            options=_script(options),
            still=STILL,
        )

    def save(self, fp: Any, format: str | None = None, **options: Any) -> None:
        """Write the chart as .html, .png, .svg, or what else Altair can write.

        A page needs no connection when it is opened. Raises `BadInput` for another kind of file.
        """
        named = "" if hasattr(fp, "write") else Path(str(fp)).suffix
        kind = (format or named).lstrip(".").lower()
        if kind not in SAVED:
            what = f"There is no kind of file {kind!r}" if kind else "No kind of file is named"
            known = ", ".join(f".{each}" for each in SAVED)
            raise BadInput(
                f"{what}. Save a chart with one of the endings {known}, or give `format`."
            )
        if kind == "html":
            data = self.to_html().encode()
        elif kind in ("png", "svg"):
            data = picture(self, kind)
        else:
            super().save(fp, kind, **options)
            return
        if hasattr(fp, "write"):
            fp.write(data)
        else:
            Path(fp).write_bytes(data)

    def _repr_mimebundle_(self, *_args: Any, **_options: Any) -> Any:
        """For the last line of a cell; a renderer that the reader has chosen is respected."""
        if alt.renderers.active not in FETCHES:
            return alt.renderers.get()(specification(self))
        drawn = picture(self, "svg").decode()
        found = SIZE.search(drawn)
        high = round(float(found[2])) if found else 400
        still = _still(drawn)
        shown = _below(still) + (
            f'<iframe srcdoc="{escape(self.to_html(packed=True))}" width="100%" '
            f'height="{high + ROOM}" style="border:0;position:absolute;top:0;left:0" '
            'title="Chart"></iframe>'
        )
        html = f'<div style="position:relative;min-height:{high + ROOM}px">{shown}</div>'
        return {"text/html": html, **still, "text/plain": "<a chart>"}


class Chart(_Offline, alt.Chart):
    """One view."""


class LayerChart(_Offline, alt.LayerChart):
    """Views on top of each other."""


class HConcatChart(_Offline, alt.HConcatChart):
    """Views side by side."""


class VConcatChart(_Offline, alt.VConcatChart):
    """Views below each other."""


class FacetChart(_Offline, alt.FacetChart):
    """The same view for each part of the data."""


KINDS = {
    alt.Chart: Chart,
    alt.LayerChart: LayerChart,
    alt.HConcatChart: HConcatChart,
    alt.VConcatChart: VConcatChart,
    alt.FacetChart: FacetChart,
}


def offline(chart: alt.TopLevelMixin) -> Any:
    """The same chart, which shows and saves itself without a connection."""
    # Altair keeps attributes as parts of the chart; its class is none.
    object.__setattr__(chart, "__class__", KINDS.get(type(chart), type(chart)))
    return chart


@lru_cache(maxsize=1)
def _vega() -> str:
    """Vega, Vega-Lite and Vega-Embed as one script, of the version that Altair writes for."""
    import vl_convert

    version = "_".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    # Its stub demands a snippet, the function does not.
    return vl_convert.javascript_bundle(vl_version=version)  # type: ignore[call-arg]


@lru_cache(maxsize=2)
def _drawer(packed: bool) -> str:
    """The script elements that bring Vega, and `ready` when it is there."""
    if not packed:
        return PLAIN.format(code=_vega())
    return PACKED.format(code=b64encode(gzip.compress(_vega().encode(), 9, mtime=0)).decode())


def _still(drawn: str) -> dict[str, str]:
    """The picture for places that run no scripts, such as a notebook that is not trusted."""
    import vl_convert
    from PIL import Image

    if len(drawn) <= MOST_STILL:
        return {"image/svg+xml": drawn}
    whole = Image.open(io.BytesIO(vl_convert.svg_to_png(drawn, scale=1))).convert("RGB")
    small = io.BytesIO()
    whole.quantize(INKS, dither=Image.Dither.NONE).save(small, "PNG", optimize=True)
    return {"image/png": b64encode(small.getvalue()).decode()}


def _below(still: dict[str, str]) -> str:
    """The same picture as an element of the page, below the frame.

    JupyterLab shows the HTML of a notebook that is not trusted without its frames, and no other
    part of the output in its place.
    """
    ((kind, data),) = still.items()
    coded = data if kind == "image/png" else b64encode(data.encode()).decode()
    return (
        f'<img class="{STILL}" src="data:{kind};base64,{coded}" alt="The chart, not interactive" '
        'style="max-width:100%;background:#fff">'
    )


def _stretched(spec: dict) -> dict:
    """As wide as the page is, where the chart has no width of its own."""
    if {"layer", "mark"} & spec.keys() and spec.get("width") == WIDTH:
        spec = {**spec, "width": "container"}
        spec.setdefault("autosize", {"type": "fit-x", "contains": "padding"})
    return spec


def _script(value: dict) -> str:
    """JSON that cannot end the script that it stands in, whatever texts are in it."""
    return json.dumps(value).replace("<", "\\u003c")
