"""Ablation on a picture: the same switches as for texts, without edges of words."""

from __future__ import annotations

from dataclasses import dataclass, field

from interp_core.ui.attention import intervening, switches
from interp_core.ui.images.question import Picture
from interp_core.ui.server import cache
from interp_core.ui.widgets import downloads, layout
from interp_core.ui.widgets.recipe import Recipe


@dataclass(frozen=True)
class Asked(intervening.Asked):
    """A picture instead of a text; `text` is its name."""

    picture: Picture | None = field(default=None, compare=False)

    @property
    def tokens(self) -> tuple[str, ...]:
        """Names of the class token and the patches."""
        return cache.of_picture(self.model, self.text, self.picture.image).tokens

    @property
    def size(self) -> int:
        """How many patches the model reads."""
        return len(self.tokens)

    @property
    def recipes(self) -> tuple[Recipe, Recipe]:
        """The model and the picture as parts of recipes."""
        return cache.model_recipe(self.model), self.picture.recipe


def draw(model: str, picture: Picture) -> None:
    """The view, with what belongs below it."""
    drawn = switches.draw(Asked(model, cache.stamp(model), picture.name, None, picture=picture))
    layout.how_to_read(intervening.LOOK["switches"])
    if drawn is not None:
        downloads.below(drawn, "attention_switches")
