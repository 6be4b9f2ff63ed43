"""What a view hands to the foot of its page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from interp_core.ui.widgets import recipe
from interp_core.ui.widgets.recipe import Recipe

Offer = tuple[str, str, Callable[[], bytes]]  # file name, MIME type, what makes the content


@dataclass(frozen=True)
class ViewResult:
    """The chart of a view and the recipe of the table behind it; further downloads by their label.

    Table and script come from the one recipe, and so belong together. Where the chart is a recipe
    as well, the script draws it.
    """

    chart: Any
    recipe: Recipe
    more: dict[str, Offer] = field(default_factory=dict)

    @property
    def table(self) -> pd.DataFrame:
        """The numbers behind the chart."""
        return recipe.value(self.recipe)

    @property
    def picture(self) -> Any:
        """The chart itself, None where there is none."""
        return recipe.value(self.chart)

    def script(self) -> str:
        """Python that computes the table again, and draws the chart."""
        return recipe.script(self.recipe, self.chart)
