"""Low-rank adaptation (Hu et al. 2021): y = W x + b + scale * B A x with W and b frozen."""

import torch
from torch import Tensor, nn
from torch.nn import functional


class LowRankLinear(nn.Module):
    """A frozen linear layer (out, in) with a trainable update B (out, r) A (r, in).

    B starts at zero, so that the wrapped model starts equal to the original. The products may run
    in bfloat16, about twice as fast where the processor supports it; A, B and the sum are float32.
    """

    def __init__(self, base: nn.Linear, rank: int, scale: float, dtype: torch.dtype) -> None:
        super().__init__()
        self.scale = scale
        self.register_buffer("weight", base.weight.detach().to(dtype))
        self.register_buffer("bias", base.bias.detach().to(dtype))
        self.lora_A = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.lora_B = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) to (..., out)."""
        dtype = self.weight.dtype
        x = x.to(dtype)
        down = functional.linear(x, self.lora_A.to(dtype))
        update = functional.linear(down, self.scale * self.lora_B.to(dtype))
        return functional.linear(x, self.weight, self.bias).float() + update


def wrap_linear_layers(
    module: nn.Module, rank: int, scale: float, dtype: torch.dtype = torch.float32
) -> None:
    """Replace every linear layer inside `module` by its low-rank adapted version, in place."""
    for name, child in module.named_children():
        if isinstance(child, nn.Linear):
            setattr(module, name, LowRankLinear(child, rank, scale, dtype))
        else:
            wrap_linear_layers(child, rank, scale, dtype)


def low_rank_pairs(model: nn.Module) -> dict[str, tuple[Tensor, Tensor]]:
    """Module path to (A, B) for every adapted layer of the model."""
    return {
        name: (module.lora_A.detach(), module.lora_B.detach())
        for name, module in model.named_modules()
        if isinstance(module, LowRankLinear)
    }
