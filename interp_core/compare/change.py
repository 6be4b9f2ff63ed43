"""How much a matrix changed, and in how many directions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

SMALL = 64  # rows or columns up to which all singular values are computed
ROLES = ("query", "key", "value", "output")
FIGURES = ("change", "norm", "relative", "stable_rank")
COLUMNS = ("layer", "matrix", "parameter", "shape", *FIGURES)


def change_row(layer: int, matrix: str, name: str, one: Tensor, two: Tensor) -> tuple:
    """The values of `COLUMNS`; `name` is the parameter's."""
    shape = " × ".join(map(str, one.shape))
    return (layer, matrix, name, shape, *change_figures(one, two))


def change_figures(one: Tensor, two: Tensor) -> tuple[float, float, float, float]:
    """The values of `FIGURES`, for ΔW = two − one in float64."""
    before = one.double()
    delta = two.double() - before
    change, norm = float(delta.norm()), float(before.norm())
    relative = 0.0 if change == 0 else change / norm if norm else float("nan")
    rank = stable_rank(delta.cpu().numpy()) if delta.ndim == 2 and change else float("nan")
    return change, norm, relative, rank


def stable_rank(matrix: np.ndarray) -> float:
    """‖M‖² (Frobenius) over the square of the largest singular value; NaN for zeros.

    At most the rank, and little moved by small singular values (Rudelson and Vershynin 2007).
    """
    matrix = np.asarray(matrix, dtype=np.float64)
    whole = float(np.square(matrix).sum())
    return whole / _largest_square(matrix) if whole else float("nan")


def _largest_square(matrix: np.ndarray) -> float:
    """The square of the largest singular value."""
    from scipy.sparse.linalg import ArpackError, LinearOperator, eigsh

    wide = matrix if matrix.shape[0] >= matrix.shape[1] else matrix.T
    size = wide.shape[1]
    scale = np.abs(wide).max()
    if size > SMALL:
        part = wide / scale
        product = LinearOperator((size, size), lambda v: part.T @ (part @ v), dtype=np.float64)
        start = np.random.default_rng(0).normal(size=size)
        try:
            found = eigsh(product, k=1, v0=start, return_eigenvectors=False, tol=1e-10)
            return float(found[0]) * scale**2
        except ArpackError:  # did not converge
            pass
    return float(np.linalg.norm(wide, 2)) ** 2
