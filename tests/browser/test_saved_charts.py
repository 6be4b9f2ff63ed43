"""Charts of a notebook in a browser without a network: they draw, answer the pointer, stay text."""

from __future__ import annotations

import numpy as np
import pytest

import interp_core as ic

pytestmark = pytest.mark.browser

HOSTILE = [
    "<script>window.ran=1</script>",
    "</script><script>window.ran=1</script>",
    "${window.ran=1}",
    "datum.x",
    "&lt;b&gt;&amp;",
    "<img/src=x/onerror=window.ran=1>",
]


@pytest.fixture(scope="module")
def offline(chromium):
    """A tab without a network, and what it asked for and complained of."""
    context = chromium.new_context(offline=True)
    page, noted = context.new_page(), []
    page.on("request", lambda request: noted.append(request.url))
    page.on("pageerror", lambda error: noted.append(f"error: {error}"))
    page.on("dialog", lambda dialog: noted.append(f"dialog: {dialog.message}"))
    yield page, noted
    context.close()


@pytest.fixture(scope="module")
def maps():
    count = len(HOSTILE)
    return ic.maps_from([np.full((1, 2, count, count), 1 / count)] * 2, HOSTILE)


@pytest.mark.parametrize("view", ["overview", "head_view", "heatmap", "tokens"])
def test_a_saved_page_draws_and_tokens_stay_text(offline, maps, view, tmp_path):
    page, noted = offline
    maps.chart(view).save(tmp_path / "chart.html")
    noted.clear()
    page.goto((tmp_path / "chart.html").as_uri())
    page.locator("#chart svg.marks, #chart canvas").first.wait_for()
    assert page.evaluate("window.ran") is None
    assert [each for each in noted if not each.startswith(("file:", "data:"))] == []
    if view == "heatmap":
        assert "datum.x" in page.locator("#chart svg.marks").inner_html()
        page.locator("#chart svg.marks .mark-rect path").first.hover()
        shown = page.locator("#vg-tooltip-element.visible")
        shown.wait_for()
        assert HOSTILE[0] in shown.inner_text()
        assert page.evaluate("window.ran") is None


def test_the_output_of_a_cell_answers_the_pointer_without_a_server(offline, maps):
    page, noted = offline
    page.goto("about:blank")
    noted.clear()
    page.set_content(f"<body>{maps.chart('head_view')._repr_mimebundle_()['text/html']}</body>")
    frame = page.frame_locator("iframe")
    frame.locator("#chart svg.marks").wait_for()
    lines = "#chart svg.marks .mark-rule line"
    count = frame.locator(lines).count()
    assert count % len(HOSTILE) == 0
    for column in ("query", "key"):  # each has the lines of one token alone
        frame.locator(f"path[aria-label*='{column}: datum.x;']").hover()
        page.wait_for_function(
            "([lines, count]) => [...document.querySelector('iframe').contentDocument"
            ".querySelectorAll(lines)].filter(each => each.getAttribute('opacity') !== '0')"
            ".length === count",
            arg=[lines, count // len(HOSTILE)],
        )
    assert page.evaluate("window.ran") is None
    assert [each for each in noted if not each.startswith(("data:", "about:"))] == []
