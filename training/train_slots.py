"""Train the bundled slots model: which words of a spoken request say what, where and when?

    python -m training.train_slots --data DIR

DIR holds `snips_nlu/`. 700 training requests are kept back and measured at the end: on them recipes
were compared. The validation set is not read here.
"""

from interp_core.models.registry import BUNDLED
from training import fit
from training.slot_words import slot_labels, slot_sentences
from training.snips import hold_out, read_requests
from training.tagged import accuracy, entity_f1, tag
from training.tagger import train_tagger


def main() -> None:
    """Train, write, measure the written file."""
    parser = fit.recipe(
        __doc__.splitlines()[0],
        BUNDLED / "slots",
        epochs=8.0,
        rank=32,
        rate=1e-3,
        head_rate=2e-3,
    )
    args = parser.parse_args()
    fit.start(args)
    requests = read_requests(args.data / "snips_nlu", "train")
    labels = slot_labels(requests)
    texts, unseen = hold_out(requests)
    merged = train_tagger(slot_sentences(texts), labels, args)
    measured = slot_sentences(unseen)
    gold = [sentence.labels for sentence in measured]
    found = tag(merged, measured, labels)
    print(f"entity F1 {entity_f1(gold, found):.4f}, words {accuracy(gold, found):.4f}")


if __name__ == "__main__":
    main()
