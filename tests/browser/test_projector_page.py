"""The projector in a real browser: links, clicks, boxes, WebGL, uploads, downloads."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy.ndimage import distance_transform_edt

import interp_core as ic
from tests.browser.conftest import window
from tests.browser.layout import one_row_of_controls
from tests.browser.looking import query
from tools.browser import PATIENCE, WEBGL_ARGS, find_chromium, ready, settled

pytestmark = pytest.mark.browser
PAGE = "embedding_projector"
VIEWS = (
    "Projection",
    "Layer by layer",
    "Side by side",
    "Outliers and label errors",
    "Projection quality",
    "Geometry",
)
MARK = "<img src=x onerror=\"document.title='x'\"></script><script>document.title='x'</script>"
CHART = "[data-testid=stVegaLiteChart]"
POINT = f"{CHART} path[aria-roledescription=point]"
CARD = "Nearest neighbours in the original space"


def link(server, **query):
    return server.link(PAGE, model="encoder", text="The bank was steep.", **query)


def look(page, view: str) -> None:
    """Choose a view, which keeps what was uploaded."""
    page.locator("[data-testid=stButtonGroup] button", has_text=view).first.click()
    settled(page)


def upload(page, *files: tuple[str, bytes]) -> None:
    """Give each uploader its file."""
    for place, (name, data) in enumerate(files):
        chooser = page.locator("input[type=file]").nth(place)
        chooser.set_input_files({"name": name, "mimeType": "text/plain", "buffer": data})
        settled(page)


@pytest.fixture(scope="module")
def in_space(chromium):
    """A tab of a Chromium that draws WebGL in software."""
    browser = chromium.browser_type.launch(executable_path=find_chromium(), args=WEBGL_ARGS)
    yield from window(browser, width=1200, height=1000)
    browser.close()


def test_a_click_opens_the_card_and_the_picture_keeps_its_zoom(server, open_page):
    page = open_page(link(server, depth=3))  # nothing of it is computed yet
    ready(page)
    chart = page.locator(CHART).first
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    before = page.locator(POINT).first.get_attribute("transform")
    for _ in range(3):
        page.mouse.wheel(0, -200)
        page.wait_for_timeout(150)
    zoomed = page.locator(POINT).first.get_attribute("transform")
    assert zoomed != before
    chart.locator("svg").evaluate("each => each.dataset.same = 'yes'")
    number = page.locator(POINT).evaluate_all(
        """(points, {x, y, width, height}) => points.findIndex(each => {
          const at = each.getBoundingClientRect();
          return x + 60 < at.x && at.x < x + width - 60
            && y + 150 < at.y && at.y < y + height - 100;
        })""",
        box,
    )
    page.locator(POINT).nth(number).click(force=True)
    page.get_by_text(CARD).wait_for()
    settled(page)
    assert query(page)["point"][0].partition(":")[0].isdigit()
    assert chart.locator("svg").get_attribute("data-same") == "yes"
    assert page.locator(POINT).first.get_attribute("transform") == zoomed
    assert chart.bounding_box() == box
    lines = page.locator(f"{CHART} line[stroke-width='1.2']")
    assert lines.count() == 10
    again = open_page(page.url)
    ready(again)
    assert again.get_by_text(CARD).count() == 1


def drag(page, start: tuple[float, float], end: tuple[float, float], *, shift: bool = False):
    if shift:
        page.keyboard.down("Shift")
    page.mouse.move(*start)
    page.mouse.down()
    for share in (0.3, 0.6, 1.0):
        page.mouse.move(*(a + (b - a) * share for a, b in zip(start, end)))
        page.wait_for_timeout(60)
    page.mouse.up()
    if shift:
        page.keyboard.up("Shift")


def corners(page) -> tuple[tuple[float, float], tuple[float, float]]:
    """Two places inside the chart, left above and in the middle."""
    box = page.locator(CHART).first.bounding_box()
    x, y, width, height = (box[name] for name in ("x", "y", "width", "height"))
    return (x + 0.06 * width, y + 0.3 * height), (x + 0.5 * width, y + 0.85 * height)


def test_a_box_gives_its_points_their_words_and_their_labels(server, open_page):
    """Side by side, it lights the same points in both pictures."""
    page = open_page(link(server))
    ready(page)
    one_row_of_controls(page)
    drag(page, *corners(page), shift=True)
    page.get_by_text("points selected").wait_for()
    settled(page)
    said = page.inner_text("[data-testid=stMain]")
    assert "Most frequent words in the selection" in said
    assert "Distribution of group" in said
    with page.expect_download() as download:
        page.get_by_role("button", name="Selection (CSV)").click()
    table = pd.read_csv(Path(download.value.path()))
    assert f"{len(table)} points selected" in said
    assert {"country", "capital"} <= set(table["group"])
    assert not {"profession"} & set(table["group"])
    look(page, "Side by side")
    (x, y), (right, bottom) = corners(page)
    drag(page, (x, y), ((x + right) / 2, bottom))
    page.wait_for_timeout(300)
    faded = page.locator(POINT).evaluate_all(
        "all => all.map(each => Number(each.getAttribute('opacity')) < 0.5)"
    )
    assert len(faded) == 420
    assert faded[:210] == faded[210:]
    assert 0 < sum(faded) < 420


def middle_of(mask: np.ndarray) -> tuple[float, float]:
    """The place (x, y) that lies deepest inside the marked parts: of a point in the foreground."""
    row, column = np.unravel_index(distance_transform_edt(mask).argmax(), mask.shape)
    return float(column), float(row)


def canvas_colours(page) -> np.ndarray:
    deck = page.locator("[data-testid=stDeckGlJsonChart]").first
    return np.asarray(Image.open(io.BytesIO(deck.screenshot())).convert("RGB")).astype(int)


NO_WEBGL = """{
  const given = HTMLCanvasElement.prototype.getContext;
  HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
    return kind.startsWith("webgl") ? null : given.call(this, kind, ...rest);
  };
  OffscreenCanvas.prototype.getContext = () => null;
}"""


def test_a_browser_without_webgl_is_told_so_and_offered_the_plane(server, windows):
    page = windows(1440, "light").new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(NO_WEBGL)
    page.goto(link(server, dimensions="3-D"))
    page.get_by_text("needs WebGL").wait_for()
    page.get_by_role("button", name="Show it in 2-D").click()
    page.locator(POINT).first.wait_for()
    settled(page)
    assert page.get_by_text("needs WebGL").count() == 0
    page.close()


def hostile_table() -> bytes:
    rows = [
        (f"{MARK} {place} {word}", MARK if place % 2 else "b", place / 7)
        for place, word in enumerate(["red", "blue", "green", "house"] * 6)
    ]
    frame = pd.DataFrame(rows, columns=[f"{MARK} text", MARK, "number"])
    return frame.to_csv(index=False).encode()


def unharmed(page) -> None:
    assert page.title() == "Clearhead"
    assert page.locator("[data-testid=stMain] img").count() == 0
    assert page.locator(".deck-tooltip img, #vg-tooltip-element img").count() == 0
    assert page.get_by_text("Unexpected error").count() == 0


FILE = "<img src=x onerror=alert(1)>.csv"


def test_hostile_texts_labels_columns_and_file_names_are_shown_as_text(server, open_page):
    page = open_page(link(server, points="Texts from a file"))
    ready(page)
    upload(page, (FILE, hostile_table()))
    for view in VIEWS:
        look(page, view)
        unharmed(page)
    look(page, "Projection")
    page.locator(POINT).first.hover(force=True)
    page.wait_for_timeout(300)
    unharmed(page)


def test_space_turns_a_hostile_text_stays_text_and_a_click_picks_its_point(server, in_space):
    page = in_space
    page.goto(link(server, points="Texts from a file", dimensions="3-D"))
    ready(page)
    upload(page, (FILE, hostile_table()))
    page.wait_for_timeout(500)
    before = canvas_colours(page)  # which scrolls to it
    assert (np.ptp(before, axis=2) > 60).sum() > 500  # coloured points
    box = page.locator("[data-testid=stDeckGlJsonChart]").first.bounding_box()
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    drag(page, middle, (middle[0] + 160, middle[1] + 30))
    page.wait_for_timeout(500)
    after = canvas_colours(page)
    assert (np.abs(after - before).max(axis=2) > 40).sum() > 1_000
    x, y = middle_of(np.ptp(after, axis=2) > 120)
    tooltip = page.locator(".deck-tooltip").get_by_text("<img src=x").first
    for step in range(60):  # a picture that is being drawn anew does not notice the mouse
        page.mouse.move(box["x"] + x + step % 2, box["y"] + y)
        page.wait_for_timeout(250)
        if tooltip.is_visible():
            break
    assert tooltip.is_visible()
    unharmed(page)
    page.mouse.click(box["x"] + x, box["y"] + y)
    page.get_by_text(CARD).wait_for()
    settled(page)
    assert "point" in query(page)
    unharmed(page)
    assert "<img src=x" in page.inner_text("[data-testid=stMain]")


def labelled() -> bytes:
    sample = ic.sample_table("requests").groupby("intent").head(12).reset_index(drop=True)
    sample.loc[0, "intent"] = "GetWeather"  # a wrong label
    return sample[["text", "intent"]].to_csv(index=False).encode()


def test_an_uploaded_table_is_drawn_coloured_by_its_labels_and_checked(server, open_page):
    page = open_page(link(server, points="Texts from a file"))
    ready(page)
    upload(page, ("requests.csv", labelled()))
    assert page.locator(POINT).count() >= 84
    assert "PlayMusic" in page.locator(CHART).first.inner_text()
    look(page, "Outliers and label errors")
    page.get_by_text("have neighbours that mostly").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Table (CSV)").click()
    table = pd.read_csv(Path(download.value.path()))
    first = table.iloc[0]
    assert (first["point"], first["label"]) == (0, "GetWeather")
    assert first["suggested"] != "GetWeather"


def test_uploaded_vectors_with_their_words_are_drawn(server, open_page):
    rng = np.random.default_rng(0)
    data = io.BytesIO()
    np.save(data, rng.normal(size=(30, 12)).astype(np.float32))
    words = "text\tkind\n" + "".join(f"word{i}\t{'ab'[i % 2]}\n" for i in range(30))
    page = open_page(link(server, points="Vectors from a file"))
    ready(page)
    upload(page, ("mine.npy", data.getvalue()), ("metadata.tsv", words.encode()))
    assert page.locator(POINT).count() >= 30
    assert "30 points · 12 dimensions" in page.inner_text("[data-testid=stMain]")
    assert "word0" in page.locator(CHART).first.inner_text()


def test_pictures_numbers_neighbours_and_vectors_can_be_downloaded(server, open_page, encoder):
    page = open_page(link(server))
    ready(page)
    page.get_by_role("button", name="Download and code").click()
    page.get_by_role("button", name="Neighbours (CSV)").wait_for()
    settled(page)
    files = {}
    for name in ("PNG", "Table (CSV)", "Neighbours (CSV)", "TSV", "Metadata (TSV)"):
        with page.expect_download() as download:
            page.get_by_role("button", name=name, exact=True).first.click()
        files[name] = Path(download.value.path())
    texts = list(ic.sample_table("word_groups")["text"])
    vectors = ic.token_vectors(encoder, texts, pooling="mean")
    assert Image.open(files["PNG"]).width > 1_500
    table = pd.read_csv(files["Table (CSV)"])
    drawn = ic.project(vectors, method="pca")
    np.testing.assert_allclose(table[["x", "y"]], drawn.coordinates, atol=1e-4)
    near = pd.read_csv(files["Neighbours (CSV)"])
    assert list(near["neighbour"][:15]) == ic.find_neighbours(vectors).indices[0].tolist()
    again = ic.read_vectors(
        files["TSV"].read_bytes(), metadata=files["Metadata (TSV)"].read_bytes(), kind="tsv"
    )
    np.testing.assert_allclose(again.values, vectors.values, atol=1e-5)
    assert list(again.frame["text"]) == texts


def test_a_click_inside_a_thumbnail_picks_it_and_an_upload_becomes_one(server, open_page):
    page = open_page(server.link(PAGE, model="digits", points="Images and uploads"))
    ready(page)
    images = page.locator(f"{CHART} image")
    assert images.count() == 6
    photo = io.BytesIO()
    ic.sample_photo("temple").save(photo, "PNG")
    upload(page, ("mine.png", photo.getvalue()))
    page.locator(f"{CHART} text", has_text="mine.png").first.wait_for()
    assert images.count() == 7
    at = images.last.bounding_box()
    page.mouse.click(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
    page.get_by_text(CARD).wait_for()
    settled(page)
    assert query(page)["point"] == ["6: mine.png"]
