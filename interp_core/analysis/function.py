"""A number of a model's output as a function of what enters it, differentiable, in chunks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

if TYPE_CHECKING:
    from interp_core.analysis.targets import Target


class Function:
    """What explained texts and pictures share: F(embeddings) -> one number for each row.

    A record of it has `embeddings` (1, n, d), where it stands, and `target`; `rows` says how many
    fit in one pass, and `run` makes one.
    """

    target: Target
    embeddings: Tensor

    @property
    def rows(self) -> int:
        """Rows that fit in one pass."""
        raise NotImplementedError

    def run(self, embeddings: Tensor, **options: Any) -> Any:
        """The model's output for `embeddings` (rows, n, d), in one pass."""
        raise NotImplementedError

    def __len__(self) -> int:
        return self.embeddings.shape[1]

    def chunks(self, embeddings: Tensor) -> Iterator[Tensor]:
        """`embeddings` in pieces that fit in one pass."""
        yield from embeddings.split(self.rows)

    def __call__(self, embeddings: Tensor) -> Tensor:
        """F of each row, (rows,), differentiable."""
        parts = [self.target.score(self.run(chunk)) for chunk in self.chunks(embeddings)]
        return torch.cat(parts)

    def gradients(self, embeddings: Tensor) -> tuple[Tensor, Tensor]:
        """F (rows,) and ∂F/∂embeddings (rows, n, d) of one chunk."""
        point = embeddings.detach().requires_grad_()
        with torch.enable_grad():
            value = self.target.score(self.run(point))
            (slope,) = torch.autograd.grad(value.sum(), point)
        return value.detach(), slope
