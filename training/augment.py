"""Pictures of digits as other people might have drawn and photographed them."""

import math

import torch
from torch import Tensor
from torch.nn import functional

LARGEST_TURN = math.radians(12)
LARGEST_SHIFT = 0.2  # of half the picture
LARGEST_STRETCH = 0.15


def varied(pictures: Tensor, inverted: float) -> Tensor:
    """Each picture (n, 1, side, side) in -1 .. 1 turned, stretched, moved; some made negative."""
    count = len(pictures)

    def uniform(largest: float) -> Tensor:
        return (2 * torch.rand(count) - 1) * largest

    turn, width, height = uniform(LARGEST_TURN), uniform(LARGEST_STRETCH), uniform(LARGEST_STRETCH)
    rows = [
        torch.stack([turn.cos() * (1 + width), -turn.sin(), uniform(LARGEST_SHIFT)], -1),
        torch.stack([turn.sin(), turn.cos() * (1 + height), uniform(LARGEST_SHIFT)], -1),
    ]
    grid = functional.affine_grid(torch.stack(rows, 1), list(pictures.shape), align_corners=False)
    moved = functional.grid_sample(
        pictures, grid, mode="bilinear", padding_mode="border", align_corners=False
    )
    sign = torch.where(torch.rand(count) < inverted, -1.0, 1.0)
    return moved * sign[:, None, None, None]
