"""Which picture an image model looks at: an example, or one of the user's own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath
from typing import Any

import numpy as np
import streamlit as st

import interp_core as ic
from interp_core.datasets import PHOTOS, digit_labels, held_out
from interp_core.files.images import MAX_BYTES
from interp_core.inputs.photo_region import Region
from interp_core.models.record import LoadedModel
from interp_core.ui.server import cache
from interp_core.ui.server.limits import digest
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets import sidebar
from interp_core.ui.widgets.choices import BOUND, follow, keep_valid
from interp_core.ui.widgets.markdown import plain
from interp_core.ui.widgets.recipe import Recipe, calls, named, supplied, value
from interp_core.ui.widgets.uploads import LOST, uploader, uploader_of_many

OWN = "upload an image"
KINDS = ["png", "jpg", "jpeg", "webp"]
CLEAN, CHANGED = "picture", "changed_picture"  # keys of the two pictures, names in scripts
SEVERAL = "pictures"
MOST, USUAL = 30, 6  # pictures side by side, and how many at first
EXAMPLES_A_DIGIT = 3
BESIDE = "# Put your image beside this notebook."
DIGEST = 64  # letters of the name of an upload; examples have shorter ones
SMALL = 64  # pixels a side; models of larger pictures get photographs


@dataclass(frozen=True)
class Picture:
    """`name` is the key of shared results; `image` a PIL picture; `title` what people call it.

    `recipe` is the image as part of recipes. `seen` is what of it the model's patches cover, as the
    model gets it; `region` where in the image that lies, or None where it cannot be told.
    """

    name: str
    image: Any
    title: str
    recipe: Recipe
    seen: Any = None
    region: Region | None = None

    @property
    def shown(self) -> Any:
        """What is drawn below maps: the image, or what the model gets where that is all we know."""
        return self.seen if self.region is None else self.image

    @property
    def cut(self) -> Any:
        """What the patches cover in the proportions of the image, however the model squeezes it."""
        if self.region is None:
            return self.seen
        left, top, right, bottom = map(round, self.box)
        return self.image.crop((left, top, max(right, left + 1), max(bottom, top + 1)))

    def aspect(self, rows: int, columns: int) -> float:
        """How many times as wide as high a patch of a grid is in `cut`."""
        left, top, right, bottom = self.box
        return (right - left) / columns / ((bottom - top) / rows)

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Where in `shown` the patches lie: left, top, right, bottom in pixels."""
        region = self.region
        if region is None:
            return (0.0, 0.0, *map(float, self.seen.size))
        return region.left, region.top, region.right, region.bottom


def reads_pictures(model: LoadedModel) -> bool:
    """Whether the model looks at pictures."""
    return model.processor is not None and model.tokenizer is None


@st.cache_resource(show_spinner=False)
def _pictures() -> Shared:
    return Shared(64, 256 * 2**20, lambda image: image.width * image.height * 3, name="pictures")


def choose(model: LoadedModel) -> Picture | None:
    """The picture; None while the user has given none."""
    return _seen(model, _chosen(examples(model), "Image", CLEAN, sidebar.place()))


def choose_changed(model: LoadedModel, clean: Picture, place: Any) -> Picture | None:
    """Another picture, chosen in `place`, at first one that shows something else; None while there
    is none."""
    others = [name for name in examples(model) if name != clean.name]
    others.sort(key=lambda name: name.partition(" (")[0] == clean.name.partition(" (")[0])
    return _seen(model, _chosen(others, "Changed image", CHANGED, place))


def _seen(model: LoadedModel, picture: Picture | None) -> Picture | None:
    if picture is None:
        return None
    seen = cache.as_seen(model.name, picture.name, picture.image)
    return replace(picture, seen=seen, region=cache.region_of(model.name, picture.image))


def _chosen(names: list[str], label: str, key: str, place: Any) -> Picture | None:
    offered, held = [*names, OWN], f"{key}_file"  # (name, digest) of this session's picture
    keep_valid(key, offered)
    with place:
        name = st.selectbox(label, offered, key=key, **BOUND)
        if name == OWN:
            given = uploader("PNG, JPEG or WebP", KINDS, key=f"{key}_upload", limit=MAX_BYTES)
    if name != OWN:
        return _example(name, key)
    if given is not None:
        _take(given, held)
    file, data = st.session_state.get(held, ("", ""))
    image = _pictures().peek(data) if data else None
    if image is None:
        st.info("Upload an image to start. It is processed on the Clearhead server only.")
        return None
    st.caption(f"{plain(file)}. The link restores the settings, not the image.")
    read = supplied(calls.read_image(PurePath(file).name), lambda: image)
    return Picture(data, image, file, named(key, read, comment=BESIDE))


def patches_of(model: LoadedModel, picture: Picture) -> int:
    """How many patches the model makes of an image."""
    wide, high = picture.seen.size
    return int(np.prod(model.layout.pictures.grid(high, wide)))


def choose_several(model: LoadedModel) -> list[Picture]:
    """Several pictures, examples and uploads, at most `MOST`; empty while there is none."""
    offered = examples(model)
    held = f"{SEVERAL}_files"
    follow(SEVERAL, offered[:USUAL])
    keep_valid(SEVERAL, offered)
    with sidebar.place():
        names = st.multiselect(
            "Images", offered, offered[:USUAL], key=SEVERAL, max_selections=MOST, **BOUND
        )
        given = uploader_of_many(
            f"Your images (PNG, JPEG or WebP, up to {MOST})",
            KINDS,
            key=f"{SEVERAL}_upload",
            count=MOST,
            limit=MAX_BYTES,
        )
        if given:
            st.session_state[held] = [_kept(each) for each in given]
        elif held in st.session_state:  # of another visit of the page
            st.button("Remove my images", on_click=st.session_state.pop, args=(held, None))
    pictures = [_example(name, f"picture_{number + 1}") for number, name in enumerate(names)]
    own = st.session_state.get(held, [])
    if own:
        st.caption("The link restores the settings and examples, not your images.")
    for file, data in own:
        try:
            pictures.append(_upload(file, data, f"picture_{len(pictures) + 1}"))
        except ic.BadInput as lost:
            st.info(plain(str(lost)))
    if len(pictures) > MOST:
        raise ic.BadInput(f"There are {len(pictures)} images (limit: {MOST}). Remove some of them.")
    if not pictures:
        st.info(
            "Choose or upload images to start. They are processed on the Clearhead server only."
        )
    return [_seen(model, each) for each in pictures]


def again(chosen: Iterable[tuple[str, str]]) -> list[Picture]:
    """Pictures that were chosen before, by (name, title), without what the model sees of them.

    Raises `BadInput` for an upload that is no longer here.
    """
    return [
        _upload(title, name, key) if len(name) == DIGEST else _example(name, key)
        for key, (name, title) in ((f"picture_{n}", each) for n, each in enumerate(chosen, 1))
    ]


def _upload(file: str, data: str, key: str) -> Picture:
    """The upload of that digest. Raises `BadInput` when it is gone."""
    image = _pictures().peek(data)
    if image is None:
        raise ic.BadInput(f"{file}: {LOST}")
    read = supplied(calls.read_image(PurePath(file).name), partial(lambda each: each, image))
    return Picture(data, image, file, named(key, read, comment=BESIDE))


def _kept(given: Any) -> tuple[str, str]:
    """Keep an uploaded picture; its name, and the digest by which it is held."""
    key = digest(given.getvalue())
    _pictures().get(key, lambda: ic.read_image(given))
    return given.name, key


def _take(given, held: str) -> None:  # noqa: ANN001 - Streamlit's upload
    st.session_state[held] = _kept(given)


def examples(model: LoadedModel) -> list[str]:
    """Digits that `digits` never saw, for models of small pictures; photographs for the others."""
    if max(model.layout.pictures.size) > SMALL:
        return list(PHOTOS)
    labels, kept = digit_labels(), held_out()[1]
    chosen = [row for digit in range(10) for row in kept[labels[kept] == digit][:EXAMPLES_A_DIGIT]]
    return [f"digit {labels[row]} (sample {row})" for row in chosen]


def _example(name: str, key: str) -> Picture:
    if name in PHOTOS:
        made, title = calls.sample_photo(name), f"the {name}"
    else:
        made, title = calls.digit_picture(int(name.rpartition(" ")[2].rstrip(")"))), name
    return Picture(name, value(made), title, named(key, made))
