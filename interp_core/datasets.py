"""Built-in samples: sentences, tables, photographs, digits."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from interp_core.errors import BadInput

if TYPE_CHECKING:
    from PIL import Image


DATA = Path(__file__).resolve().parent / "data"


@dataclass(frozen=True)
class Sample:
    """A file of example texts: which column labels them, and what there is to see."""

    name: str
    title: str
    file: str
    label: str
    about: str


SAMPLES: dict[str, Sample] = {
    each.name: each
    for each in (
        Sample(
            "word_groups",
            "Word groups",
            "word_groups.tsv",
            "group",
            "Countries, capitals, professions, emotions and verbs in three forms. Do groups "
            "form clusters, and is the offset from country to capital constant?",
        ),
        Sample(
            "ambiguous_words",
            "Ambiguous words",
            "ambiguous_words.tsv",
            "sense",
            "200 sentences with bank, spring, bass or java: the senses of a word have the "
            "same vector at the embeddings and separate in later layers.",
        ),
        Sample(
            "requests",
            "Requests (7 intents)",
            "requests.tsv",
            "intent",
            "2,000 short requests to an assistant (Snips NLU benchmark, CC0).",
        ),
    )
}


def sample_table(name: str) -> pd.DataFrame:
    """The table of one sample: the column text, the label, and what else there is.

    `word_groups`: group. `ambiguous_words`: word, sense. `requests`: intent, split ("validation"
    or "train"). Raises `BadInput`.
    """
    if name not in SAMPLES:
        raise BadInput(f"There is no example {name!r}. Choose one of: {', '.join(SAMPLES)}.")
    return _read(SAMPLES[name].file).copy()


@cache
def _read(file: str) -> pd.DataFrame:
    lines = (DATA / file).read_text(encoding="utf-8").splitlines()
    names, *rows = (line.split("\t") for line in lines)
    return pd.DataFrame(rows, columns=names, dtype=object)


LABELLED = {"sentiment": "sentiment_sentences.tsv", "intents": "", "slots": "slot_requests.conll"}


def labelled_sample(name: str) -> pd.DataFrame | Path:
    """The labelled texts that come with a built-in model, none of which it was trained on.

    "sentiment": 504 constructed sentences; text, label, kind ("negation", …), about. "intents": the
    700 SNIPS validation requests; text, label. "slots": the same with BIO labels, the path of a
    CoNLL file. Raises `BadInput`.
    """
    if name not in LABELLED:
        raise BadInput(f"There are no labelled texts {name!r}. Choose: {', '.join(LABELLED)}.")
    if name == "slots":
        return DATA / LABELLED[name]
    if name == "sentiment":
        return _read(LABELLED[name]).copy()
    requests = sample_table("requests").query("split == 'validation'")
    kept = requests.rename(columns={"intent": "label"}).drop(columns="split")
    return kept.reset_index(drop=True)


def opinions(split: str | None = None) -> pd.DataFrame:
    """240 labelled opinions on films, meals, hotels, things and books: text, label, split.

    `split` is "train" (64 of them, with which the checkpoints of `bundled_series()` were trained)
    or "held out" (176); without it all are given. Half of each is positive. Raises `BadInput`.
    """
    found = _read("opinions.tsv")
    if split is None:
        return found.copy()
    if split not in set(found["split"]):
        raise BadInput(f"There is no split {split!r} of the opinions. Choose train or held out.")
    return found[found["split"] == split].drop(columns="split").reset_index(drop=True)


@cache
def sentences() -> tuple[str, ...]:
    """The built-in corpus: 1,200 sentences of six novels (public domain), one of each in turn."""
    return tuple((DATA / "sentences.txt").read_text(encoding="utf-8").splitlines())


HELD_OUT = 360
INK = 16  # the darkest grey of the table; 0 is paper
SEED = 0


@cache
def _table() -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    digits = load_digits()
    return digits.images, digits.target


def digit_labels() -> np.ndarray:
    """Which digit each picture shows, (1797,)."""
    return _table()[1]


def digit_picture(number: int) -> Image.Image:
    """Picture `number` of 0 to 1796: light ink on dark ground, 8 × 8."""
    from PIL import Image

    grey = np.round(_table()[0][number] * (255 / INK)).astype(np.uint8)
    return Image.fromarray(grey)


def held_out() -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the training pictures (1437,) and of those kept back (360,), both sorted."""
    return split(np.arange(len(digit_labels())), HELD_OUT, SEED)


def held_out_digits(count: int) -> list[Image.Image]:
    """The first `count` of the pictures kept back, of which there are 360."""
    return [digit_picture(int(number)) for number in held_out()[1][:count]]


def split(numbers: np.ndarray, kept_back: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two parts of `numbers` with the same share of each digit; the second has `kept_back`."""
    from sklearn.model_selection import train_test_split

    parts = train_test_split(
        numbers, test_size=kept_back, random_state=seed, stratify=digit_labels()[numbers]
    )
    return np.sort(parts[0]), np.sort(parts[1])


@dataclass(frozen=True)
class Photo:
    """A photograph that an installed package brings along: `path` in `package`.

    `box` (left, top, right, bottom) in pixels is the part that is shown, without it all;
    `mirrored` says whether left and right are exchanged.
    """

    package: str
    path: str
    licence: str
    box: tuple[int, int, int, int] | None = None
    mirrored: bool = False


_TEMPLE = ("sklearn", "datasets/images/china.jpg", "danielbuechele, CC BY 2.0")
_FLOWER = ("sklearn", "datasets/images/flower.jpg", "vultilion, CC BY 2.0")
_HOPPER = (
    "matplotlib",
    "mpl-data/sample_data/grace_hopper.jpg",
    "Grace Hopper; James S. Davis, United States Navy, public domain",
)
PHOTOS: dict[str, Photo] = {
    "temple": Photo(*_TEMPLE),
    "flower": Photo(*_FLOWER),
    "portrait": Photo(*_HOPPER),
    "mirrored temple": Photo(*_TEMPLE, mirrored=True),
    "temple roofs": Photo(*_TEMPLE, box=(50, 10, 350, 260)),
    "face": Photo(*_HOPPER, box=(100, 20, 440, 360)),
}


def sample_photos() -> list[Image.Image]:
    """All photographs of `sample_photo`, in the order of `PHOTOS`."""
    return [sample_photo(name) for name in PHOTOS]


def sample_photo(name: str) -> Image.Image:
    """One of the photographs that come with installed packages; `name` is a key of `PHOTOS`.

    Three photographs (temple and flower 640 × 427, portrait 512 × 600), a mirror image and two
    details of them; `PHOTOS` holds their licences. Raises `BadInput` for any other name.
    """
    from PIL import Image, ImageOps

    if name not in PHOTOS:
        raise BadInput(f"There is no photograph {name!r}. Choose: {', '.join(PHOTOS)}.")
    photo = PHOTOS[name]
    spec = find_spec(photo.package)
    file = Path(spec.origin).parent / photo.path if spec and spec.origin else None
    if file is None or not file.is_file():
        raise BadInput(
            f"The photograph {name!r} comes with the package {photo.package}, which is not here "
            "or is incomplete. Install it again, or use an image of your own."
        )
    with Image.open(file) as picture:
        found = picture.convert("RGB")
    found = found.crop(photo.box) if photo.box else found
    return ImageOps.mirror(found) if photo.mirrored else found
