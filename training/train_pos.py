"""Train the bundled pos model: the part of speech of each word, by Universal Dependencies.

    python -m training.train_pos --data DIR

DIR holds `ud_english_ewt/`. Recipes were compared on its dev set, which is measured at the end;
the test set is not read here.
"""

from interp_core.models.registry import BUNDLED
from training import fit
from training.tagged import accuracy, tag
from training.tagger import train_tagger
from training.treebank_words import LABELS, read_annotated, read_train


def main() -> None:
    """Train, write, measure the written file."""
    parser = fit.recipe(
        __doc__.splitlines()[0],
        BUNDLED / "pos",
        epochs=2.0,
        rank=16,
        rate=1e-3,
        head_rate=2e-3,
    )
    args = parser.parse_args()
    fit.start(args)
    folder = args.data / "ud_english_ewt"
    merged = train_tagger(read_train(folder), LABELS, args)
    for spaced in (True, False):
        dev = read_annotated(folder, "dev", spaced=spaced)
        score = accuracy([sentence.labels for sentence in dev], tag(merged, dev, LABELS))
        print(f"dev accuracy {score:.4f}, words {'between spaces' if spaced else 'as written'}")


if __name__ == "__main__":
    main()
