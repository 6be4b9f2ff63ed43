"""Train the bundled digits model: a small vision transformer that reads handwritten digits.

    python -m training.train_digits

The pictures come with scikit-learn. 360 of the 1,797 are kept back and not looked at here; with
`--validate` 287 of the others are kept back too and measured: that is how recipes were compared.
"""

import argparse
import itertools
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional
from transformers import ViTConfig, ViTForImageClassification
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from interp_core.datasets import digit_labels, digit_picture, held_out, split
from interp_core.models.registry import BUNDLED
from training import fit
from training.augment import varied
from training.upper_layers import shuffled_batches

SIDE, PATCH = 32, 4  # 64 patches, each one pixel of the 8 × 8 picture
VALIDATION = 287
SMOOTHING = 0.05


def options() -> argparse.Namespace:
    """The command line; the defaults are the recipe of the bundled file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", help="ignored: the pictures come with scikit-learn")
    parser.add_argument("--out", type=Path, default=BUNDLED / "digits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--inverted", type=float, default=0.5, help="share shown dark on light")
    parser.add_argument("--validate", action="store_true")
    return parser.parse_args()


def new_model() -> ViTForImageClassification:
    """Four layers of four heads, 64 dimensions, one grey channel."""
    names = dict(enumerate("0123456789"))
    config = ViTConfig(
        image_size=SIDE,
        patch_size=PATCH,
        num_channels=1,
        hidden_size=64,
        num_hidden_layers=4,
        num_attention_heads=4,
        intermediate_size=128,
        hidden_dropout_prob=0.1,
        id2label=names,
        label2id={name: number for number, name in names.items()},
        attn_implementation="eager",
    )
    return ViTForImageClassification(config)


def new_processor() -> ViTImageProcessorPil:
    """Resizes any picture to 32 × 32 and its greys to -1 .. 1."""
    size = {"height": SIDE, "width": SIDE}
    return ViTImageProcessorPil(size=size, image_mean=[0.5], image_std=[0.5])


def pixels(processor: ViTImageProcessorPil, numbers: np.ndarray) -> Tensor:
    """(pictures, 1, 32, 32) of the pictures, as the app would hand them to the model."""
    pictures = [digit_picture(number) for number in numbers]
    return processor(images=pictures, return_tensors="pt")["pixel_values"]


def train(
    model: ViTForImageClassification, inputs: Tensor, args: argparse.Namespace, labels: Tensor
) -> None:
    """Fit all weights on pictures that are moved, turned and inverted anew in every batch."""
    optimiser = torch.optim.AdamW(model.parameters(), lr=args.rate, weight_decay=0.05)
    steps = args.epochs * len(inputs) // args.batch
    batches = shuffled_batches([1] * len(inputs), args.batch, args.seed)
    model.train()

    def loss(batch: list[int]) -> Tensor:
        scores = model(varied(inputs[batch], args.inverted)).logits
        return functional.cross_entropy(scores, labels[batch], label_smoothing=SMOOTHING)

    fit.descend(optimiser, loss, itertools.islice(batches, steps), steps)
    model.eval()


def main() -> None:
    """Train and write the folder; with `--validate` also measure."""
    args = options()
    fit.start(args)
    numbers, _ = held_out()
    unseen = None
    if args.validate:
        numbers, unseen = split(numbers, VALIDATION, seed=1)
    model, processor = new_model(), new_processor()
    train(model, pixels(processor, numbers), args, torch.tensor(digit_labels()[numbers]))
    model.half().save_pretrained(args.out)
    processor.save_pretrained(args.out)
    if unseen is not None:
        with torch.inference_mode():
            found = model.float()(pixels(processor, unseen)).logits.argmax(-1).numpy()
        print(f"validation accuracy {(found == digit_labels()[unseen]).mean():.4f}")
    print(f"{time.process_time() / 60:.1f} CPU minutes")


if __name__ == "__main__":
    main()
