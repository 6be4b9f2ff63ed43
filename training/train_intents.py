"""Train the bundled intents model: which of seven things does a spoken request ask for?

    python -m training.train_intents --data DIR

DIR holds `snips_nlu/`. With `--hold-out` 700 training requests are kept back and measured instead
of the validation set: that is how recipes were compared.
"""

import time

import torch
from torch import Tensor
from torch.nn import functional

from interp_core.models.registry import BUNDLED
from training import fit
from training.backbone import build_model, encode, predict
from training.cards import update_card
from training.snips import hold_out, intents, read_requests

TASK = "sequence-classification"


def main() -> None:
    """Train, write the adapter and the labels, measure the written file."""
    parser = fit.recipe(
        __doc__.splitlines()[0],
        BUNDLED / "intents",
        first_layer=3,
        epochs=1.0,
        rank=8,
        rate=7e-4,
        head_rate=5e-4,
    )
    parser.add_argument("--hold-out", action="store_true")
    args = parser.parse_args()
    fit.start(args)
    texts = read_requests(args.data / "snips_nlu", "train")
    labels = intents(texts)
    texts, unseen = hold_out(texts) if args.hold_out else (texts, None)
    model = build_model(TASK, labels)
    wanted = torch.tensor([labels.index(request.intent) for request in texts])

    def loss(scores: Tensor, batch: list[int]) -> Tensor:
        return functional.cross_entropy(scores, wanted[batch])

    fit.fit(model, encode([request.text for request in texts]), loss, args)
    fit.write(model, args)
    update_card(args.out, labels=labels)
    unseen = unseen or read_requests(args.data / "snips_nlu", "validation")
    merged = fit.written(TASK, labels, args.out)
    found = predict(merged, [request.text for request in unseen]).argmax(-1)
    correct = sum(labels[f] == request.intent for f, request in zip(found, unseen, strict=True))
    print(f"accuracy {correct / len(unseen):.4f}, {time.process_time() / 60:.1f} CPU minutes")


if __name__ == "__main__":
    main()
