"""Measure the shipped models and write the figures into their cards.

    python -m training.evaluate --data DIR [--vader SDIST] [NAME ...]

DIR holds the data sets' folders. SDIST is vaderSentiment-3.3.2.tar.gz, fetched with
`pip download --no-deps --no-binary :all: vaderSentiment==3.3.2`; without it the out-of-domain
figures stay in the cards. Models are loaded as the app loads them. Without names all are measured,
except those whose package is not installed.
"""

import argparse
import hashlib
from pathlib import Path

import torch

from interp_core.errors import ModelNotFound
from interp_core.models.load import load_model
from interp_core.models.record import LoadedModel
from interp_core.models.registry import BUNDLED, ModelCard, bundled_card
from training.cards import update_card
from training.measures import MEASURES, Figures


def revision(card: ModelCard) -> str:
    """The beginning of the weights' hash; a model that is not kept here keeps what its card says"""
    files = sorted(card.folder.glob("*.safetensors"))
    return hashlib.sha256(files[0].read_bytes()).hexdigest()[:12] if files else card.revision


def record(model: LoadedModel, card: ModelCard, figures: Figures) -> None:
    """Print the figures and write them, sizes and the revision into the card."""
    for name, value in figures.items():
        print(f"{card.name}: {name} {value:.4f}")
    update_card(
        BUNDLED / card.name,
        metrics=card.metrics | {name: round(value, 4) for name, value in figures.items()},
        layers=model.n_layers,
        heads=model.n_heads,
        parameters=model.model.num_parameters(),
        revision=revision(card),
    )


def main() -> None:
    """Load, measure, print, and update the cards."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", choices=[*MEASURES, []], metavar="NAME")
    parser.add_argument("--data", type=Path, required=True, help="folder of the data sets")
    parser.add_argument("--vader", type=Path, help="vaderSentiment-3.3.2.tar.gz")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    for name in args.names or MEASURES:
        try:
            model = load_model(name)
        except ModelNotFound as error:
            print(f"{name}: not measured. {error}")
            continue
        record(model, bundled_card(name), MEASURES[name](model, args))


if __name__ == "__main__":
    main()
