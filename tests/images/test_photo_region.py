"""Where the patches of a model lie in a photograph: what is painted there is what they see."""

from __future__ import annotations

import io
from functools import cache

import numpy as np
import pandas as pd
import pytest
import transformers as tf
from PIL import Image

import interp_core as ic
from interp_core.charts import export
from interp_core.charts.export import picture
from interp_core.charts.photographs import HEAT, LEGEND, photo_map, photo_url
from interp_core.inputs.images import encode_image
from interp_core.inputs.photo_region import seen_region
from tests.models.test_vision import SIZE

PX, PATCH = 56, 14
SQUARE = {"height": PX, "width": PX}
LARGE = {"height": 4 * PX, "width": 4 * PX}
ENLARGED = "enlarged"
PROCESSORS = {
    "squeezed": lambda: tf.ViTImageProcessorPil(size=SQUARE),
    "cropped": lambda: tf.BitImageProcessorPil(size={"shortest_edge": 64}, crop_size=SQUARE),
    "padded": lambda: tf.BitImageProcessorPil(size={"shortest_edge": 36}, crop_size=SQUARE),
    "whole": lambda: tf.BitImageProcessorPil(do_center_crop=False, size={"shortest_edge": PX}),
}
OTHERS = {
    ENLARGED: lambda: tf.BitImageProcessorPil(size={"shortest_edge": 256}, crop_size=LARGE),
}
SHAPES = {"portrait": (210, 320), "landscape": (320, 210)}


@pytest.fixture(scope="module")
def reading(tmp_path_factory):
    """A tiny model behind one of the processors."""

    @cache
    def made(name: str):
        folder = tmp_path_factory.mktemp(name)
        tf.utils.logging.disable_progress_bar()
        side = 4 * PX if name == ENLARGED else PX
        config = tf.Dinov2Config(**SIZE, image_size=side, patch_size=PATCH)
        tf.Dinov2Model(config).save_pretrained(folder)
        (PROCESSORS | OTHERS)[name]().save_pretrained(folder)
        return ic.load_model(str(folder))

    return made


def painted(model, shape, spot) -> tuple[np.ndarray, tuple[int, int], object]:
    """A black photograph with one white patch, the grid, and the region."""
    wide, high = shape
    black = np.zeros((high, wide, 3), np.uint8)
    region = seen_region(model, black)
    grid = model.layout.pictures.grid(*encode_image(model, black).inputs["pixel_values"].shape[-2:])
    box = region.patch(*spot, grid)
    left, top, right, bottom = (round(each) for each in (box.left, box.top, box.right, box.bottom))
    black[top:bottom, left:right] = 255
    return black, grid, region


@pytest.mark.parametrize("name", PROCESSORS)
@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_painted_in_a_patch_enters_the_model_there(reading, name, shape):
    model, spot = reading(name), (2, 1)
    photo, grid, _ = painted(model, SHAPES[shape], spot)
    pixels = encode_image(model, photo).inputs["pixel_values"][0].mean(0).numpy()
    light = (pixels - pixels.min()) / (pixels.max() - pixels.min())
    rows, columns = grid
    light = light[: rows * PATCH, : columns * PATCH]
    means = light.reshape(rows, PATCH, columns, PATCH).mean((1, 3))
    assert np.unravel_index(means.argmax(), grid) == spot
    assert means[spot] > 0.85
    means[spot] = 0
    assert means.max() < 0.08  # a neighbour sees no more than a blurred edge


def test_a_centre_crop_is_found_where_its_arithmetic_puts_it(reading):
    region = seen_region(reading("cropped"), Image.new("RGB", (320, 210)))
    scale = 210 / 64
    wide = int(320 / scale)
    left = (wide - PX) // 2 * 320 / wide
    found = (region.left, region.top, region.right, region.bottom)
    expected = (left, 4 * scale, left + PX * 320 / wide, 60 * scale)
    assert found == pytest.approx(expected, abs=0.5)


def test_padding_lies_outside_the_photograph(reading):
    region = seen_region(reading("padded"), Image.new("RGB", (320, 210)))
    assert region.top < -20
    assert region.bottom > 230
    assert seen_region(ic.load_model("digits"), ic.digit_picture(1)).width == 8


THIN = [(1, 64), (64, 1), (2, 200), (3, 3), (5, 5), (8, 8), (600, 8), (1024, 16), (20, 1000)]


@pytest.mark.parametrize("name", ["squeezed", "cropped"])
@pytest.mark.parametrize("shape", [*THIN, (1024, 102)], ids=str)
def test_of_thin_and_tiny_photographs_the_region_is_right_or_unknown(reading, name, shape):
    region = seen_region(reading(name), Image.new("RGB", shape))
    wide, high = shape
    expected = (0, 0, wide, high)
    if name == "cropped":
        short = min(shape)
        sizes = [int(64 * each / short) for each in shape]  # what the crop is taken from
        starts = [(each - PX) // 2 for each in sizes]
        (left, right), (top, bottom) = (
            (start * each / size, (start + PX) * each / size)
            for start, each, size in zip(starts, shape, sizes)
        )
        expected = (left, top, right, bottom)
    assert region or shape in THIN
    if region:
        patch = min(expected[2] - expected[0], expected[3] - expected[1]) / (PX / PATCH)
        found = (region.left, region.top, region.right, region.bottom)
        assert found == pytest.approx(expected, abs=0.12 * patch)


@pytest.mark.parametrize("side", [8, 11, 16, 32])
def test_the_region_of_a_small_photograph_is_right_to_a_pixel_of_the_model(reading, side):
    region = seen_region(reading(ENLARGED), Image.new("RGB", (side, side)))
    found = (region.left, region.top, region.right, region.bottom)
    pixel = side / 256
    expected = (16 * pixel, 16 * pixel, 240 * pixel, 240 * pixel)
    assert found == pytest.approx(expected, abs=pixel)


def test_a_processor_that_does_more_than_crop_and_scale_has_no_region(reading, monkeypatch):
    model = reading("squeezed")
    own = type(model.processor).__call__

    def turned(self, images, **more):
        return own(self, images=images.transpose(Image.Transpose.FLIP_LEFT_RIGHT), **more)

    monkeypatch.setattr(type(model.processor), "__call__", turned)
    assert seen_region(model, Image.new("RGB", (320, 210))) is None


def shown(chart) -> np.ndarray:
    """The chart without its legend as pixels (height, width, 3)."""
    whole = Image.open(io.BytesIO(picture(chart, "png"))).convert("RGB")
    return np.asarray(whole).astype(int)[: -2 * LEGEND]


def bounds(mask: np.ndarray) -> tuple[int, ...]:
    """Left, top, right and bottom of what is marked."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("squeezed", "portrait"),
        ("cropped", "landscape"),
        ("cropped", "portrait"),
        ("padded", "landscape"),
        ("whole", "portrait"),
    ],
)
def test_attention_to_one_patch_is_drawn_over_exactly_that_patch(reading, name, shape):
    model, spot = reading(name), (2, 1)
    photo, grid, region = painted(model, SHAPES[shape], spot)
    row, column = np.indices(grid).reshape(2, -1)
    weight = ((row == spot[0]) & (column == spot[1])).astype(float)
    frame = pd.DataFrame({"row": row, "column": column, "value": weight})
    options = {
        "size": SHAPES[shape],
        "region": (region.left, region.top, region.right, region.bottom),
        "title": "attention",
        "top": 1.0,
    }
    url = photo_url(Image.fromarray(photo))
    below = shown(photo_map(frame, url, opacity=0.0, **options))
    alone = shown(photo_map(frame, url, bare=True, **options))
    hottest = [int(HEAT[-1][n : n + 2], 16) for n in (1, 3, 5)]
    hot = np.abs(alone - hottest).max(-1) < 40
    white = (below.min(-1) > 200) & inside(below.max(-1) < 40)
    # Pixels are half a pixel of the page; a JPEG has no sharp edges.
    assert bounds(hot) == pytest.approx(bounds(white), abs=5)
    left, top, right, bottom = bounds(hot)
    sides = ((right - left) / (bottom - top), region.width / region.height * grid[0] / grid[1])
    assert sides[0] == pytest.approx(sides[1], rel=0.08)  # not stretched


def inside(black: np.ndarray) -> np.ndarray:
    """The rectangle of the photograph, which the white of the page surrounds."""
    left, top, right, bottom = bounds(black)
    area = np.zeros(black.shape, bool)
    area[top:bottom, left:right] = True
    return area


@pytest.mark.parametrize(("name", "room"), [("cropped", None), ("padded", 330)])
def test_the_overlay_of_a_photograph_on_a_dark_page_lies_over_its_patch(
    reading, name, room, monkeypatch
):
    """Also in less room than it wants, as on a page of 900 px."""
    dark = [0x10, 0x15, 0x1C]
    monkeypatch.setitem(export.CONFIG, "background", "#10151c")
    model, spot, temple = reading(name), (2, 1), ic.sample_photo("temple")
    photo, grid, region = painted(model, temple.size, spot)
    row, column = np.indices(grid).reshape(2, -1)
    frame = pd.DataFrame({"row": row, "column": column})
    box = (region.left, region.top, region.right, region.bottom)
    options = {"size": temple.size, "region": box, "title": "attention", "top": 1.0}

    def drawn(weight: np.ndarray | float, url: str, opacity: float) -> np.ndarray:
        chart = photo_map(frame.assign(value=weight), url, opacity=opacity, **options)
        return shown(chart.properties(width=room) if room else chart)

    def over(weight: np.ndarray) -> np.ndarray:
        return drawn(weight, photo_url(temple), 0.7)

    weights = ((row == spot[0]) & (column == spot[1])).astype(float)
    none, one = over(np.zeros(len(frame))), over(weights)
    assert np.abs(one[0, 0] - dark).max() <= 2  # the page shows beside the photograph
    blank = drawn(0.0, photo_url(Image.fromarray(photo)), 0.0)
    white = (blank.min(-1) > 200) & inside(blank.max(-1) < 40)
    assert bounds(np.abs(one - none).max(-1) > 25) == pytest.approx(bounds(white), abs=5)
