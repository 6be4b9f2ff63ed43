"""What a view asks of one model and one text: how it is loaded, computed and kept for everybody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from interp_core.models.record import LoadedModel
from interp_core.ui.server import cache, costs, jobs
from interp_core.ui.server.store import Shared
from interp_core.ui.widgets.recipe import Recipe, named


@dataclass(frozen=True)
class AskedOfText:
    """The model and the text; with a name and options the key of a shared result.

    `UNIT` is what progress is counted in, `COUNTS` whether steps report theirs unless told.
    """

    model: str
    files: str
    text: str

    UNIT: ClassVar[str] = "steps"
    COUNTS: ClassVar[bool] = False

    @staticmethod
    def store() -> Shared:
        """Where the results of these views are kept."""
        raise NotImplementedError

    @property
    def loaded(self) -> LoadedModel:
        """The model itself."""
        return cache.model(self.model)

    @property
    def size(self) -> int:
        """About how many tokens the model reads, for forecasts."""
        return costs.tokens(self.loaded, self.text)

    @property
    def recipes(self) -> tuple[Recipe, Recipe]:
        """The model and the text as parts of recipes."""
        return cache.model_recipe(self.model), named("text", self.text)

    def run(
        self,
        what: str,
        step: Recipe,
        *options: Any,
        rows: float = 1,
        tokens: int = 0,
        counts: bool | None = None,
        unit: str = "",
    ) -> Recipe | None:
        """The step with its result, which all sessions share; None when stopped or not agreed to.

        It takes so many `rows` of the text, each with so many more `tokens`, through the model.
        `counts` says whether the step reports its progress.
        """

        def dear() -> float:
            return rows * costs.passes(self.loaded, self.size + tokens)

        counts = self.COUNTS if counts is None else counts
        about = {"unit": unit or self.UNIT, "store": self.store(), "operations": dear}
        return jobs.follow((self, what, *options), what, step, counts=counts, **about)
