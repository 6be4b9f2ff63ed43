"""Measure the shipped sentiment model and write the figures into its card.

    python -m training.evaluate --data DIR [--vader SDIST]

DIR holds `sst2_glue/`; SDIST is vaderSentiment-3.3.2.tar.gz, fetched with
`pip download --no-deps --no-binary :all: vaderSentiment==3.3.2`. Without it the last out-of-domain
figure stays in the card. The model is built as the app builds it: backbone, then merged adapter.
"""

import argparse
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import torch
from transformers import BertForSequenceClassification

from interp_core.models.adapter import FILE_NAME, merge_adapter
from training.backbone import LABELS, build_classifier, predict
from training.probes import PROBES
from training.snippets import read_snippets
from training.sst2 import Example, natural, read_split

BUNDLED = Path(__file__).parents[1] / "interp_core/models/bundled/sentiment"
DEV, TEST = "SST-2 dev accuracy", "SST-2 test accuracy"
OUT_OF_DOMAIN = "Amazon review snippets accuracy"


def accuracy(model: BertForSequenceClassification, examples: Sequence[Example]) -> float:
    """Share of examples whose more probable class is their label."""
    found = predict(model, [example.text for example in examples]).argmax(-1)
    return (found == torch.tensor([example.label for example in examples])).float().mean().item()


def measure(
    model: BertForSequenceClassification, data: Path, sdist: Path | None
) -> dict[str, float]:
    """The card's metrics; prints each, and dev in typed spelling (don't for do n't) beside it."""
    sets = {DEV: read_split(data, "dev"), TEST: read_split(data, "test")}
    if sdist is not None:
        sets[OUT_OF_DOMAIN] = read_snippets(sdist)
    metrics = {}
    for name, examples in sets.items():
        metrics[name] = round(accuracy(model, examples), 4)
        share = sum(example.label for example in examples) / len(examples)
        print(f"{name}: {metrics[name]:.4f} of {len(examples)} texts ({share:.1%} positive)")
    typed = [Example(natural(text), label) for text, label in sets[DEV]]
    print(f"{DEV} in typed spelling: {accuracy(model, typed):.4f}")
    return metrics


def print_probes(model: BertForSequenceClassification) -> None:
    """A Markdown table of our own test sentences and the model's answers."""
    print("| sentence | meant | answer | P(positive) |\n| --- | --- | --- | --- |")
    positive = predict(model, [probe.text for probe in PROBES])[:, 1].tolist()
    for (text, label), value in zip(PROBES, positive, strict=True):
        answer = LABELS[value > 0.5]
        shown = answer if answer == LABELS[label] else f"**{answer}**"
        print(f"| {text} | {LABELS[label]} | {shown} | {value:.2f} |")


def update_card(folder: Path, model: BertForSequenceClassification, metrics: dict) -> None:
    """Write metrics, number of parameters and the adapter's revision into card.json."""
    path = folder / "card.json"
    card = json.loads(path.read_text(encoding="utf-8"))
    card["metrics"] |= metrics
    card["parameters"] = model.num_parameters()
    card["revision"] = hashlib.sha256((folder / FILE_NAME).read_bytes()).hexdigest()[:12]
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def main() -> None:
    """Build, measure, print, and update the card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds sst2_glue/")
    parser.add_argument("--vader", type=Path, help="vaderSentiment-3.3.2.tar.gz")
    parser.add_argument("--folder", type=Path, default=BUNDLED, help="adapter and card")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model = build_classifier()
    merge_adapter(model, args.folder)
    metrics = measure(model, args.data / "sst2_glue", args.vader)
    print_probes(model)
    update_card(args.folder, model, metrics)


if __name__ == "__main__":
    main()
