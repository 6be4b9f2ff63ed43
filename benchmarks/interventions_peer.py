"""Value zeroing beside inseq, and interactions of words beside shapiq, on tiny random models.

    python -m benchmarks.interventions_peer make FOLDER
    python benchmarks/interventions_peer.py inseq FOLDER

The first writes a GPT-2 of four layers with our value zeroing into the folder, and compares the
word interactions of a BERT classifier with those of `shapiq` (1.4.1) over a game that is played
with plain transformers. It needs `shapiq` beside the app's requirements.

The second reads the folder and needs `inseq` (0.6.0) in an environment of its own: inseq zeroes a
variable by its name in the source of the model, "value", which transformers calls otherwise since
its version 5, so it runs with transformers 4.45.2. inseq's last layer is the state after the final
norm, ours the one before it, and it takes scores below 1e-5 for 0, which is left out here.

Found, as the largest difference: value zeroing 2.3e-6, 3.6e-5 and 4.3e-5 in the first three layers
(rows sum to 1; inseq takes its cosines in float32, ours are in float64) and, for the norm, 3.8e-2
in the last; Shapley interactions 8.4e-8 and pairwise ones 4.8e-7, of logits that they move by up to
5.5e-3.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import transformers

TEXT = "The unhappiest actors know what the strange model was doing."
LAYERS = 4
SCALE = 0.3  # of the random weights: larger than usual, so that tokens matter to each other


def make(folder: Path) -> None:
    """Write the GPT-2 model and our scores, and compare the interactions."""
    import interp_core as ic
    from tests.tiny import build

    build("gpt2", folder)
    torch.manual_seed(0)
    kind = transformers.GPT2Config
    config = kind.from_pretrained(folder, n_layer=LAYERS, initializer_range=SCALE)
    transformers.GPT2LMHeadModel(config).save_pretrained(folder)
    found = ic.value_zeroing(ic.load_model(str(folder)), TEXT)
    np.save(folder / "ours.npy", found.weights[:, 0])
    print(f"value zeroing of {found.weights.shape[0]} layers and {found.weights.shape[2]} tokens")
    interactions(folder.parent / "bert")


def interactions(folder: Path) -> None:
    """Our word interactions beside shapiq's, of one logit."""
    import shapiq

    import interp_core as ic
    from interp_core.inputs.tokens import encode
    from tests.tiny import build

    build("bert-2-labels", folder)
    model = ic.load_model(str(folder))
    network = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    encoded = encode(model, TEXT)
    words = [each for each in encoded.sequence.word_ids if each is not None]
    names = sorted(set(words))
    table = network.get_input_embeddings().weight.detach()
    ids = encoded.inputs["input_ids"][0]
    places = [[i for i, word in enumerate(encoded.sequence.word_ids) if word == n] for n in names]

    @torch.no_grad()
    def game(coalitions: np.ndarray) -> np.ndarray:
        rows = table[ids].repeat(len(coalitions), 1, 1)
        for row, present in enumerate(np.asarray(coalitions, bool)):
            for word in np.flatnonzero(~present):
                rows[row, places[word]] = table[model.tokenizer.pad_token_id]
        return network(inputs_embeds=rows).logits[:, 1].double().numpy()

    count = len(names)
    truth = shapiq.ExactComputer(game, n_players=count)(index="SII", order=2)
    options = {"target": 1, "baseline": "pad"}
    ours = ic.word_interactions(model, TEXT, method="shapley", **options)
    assert len(ours) == count * (count - 1) // 2
    pairs = list(zip(ours["first_word"], ours["second_word"]))
    theirs = np.array([truth[pair] for pair in pairs])
    print(
        f"Shapley interactions of {count} words: largest difference "
        f"{np.abs(ours['interaction'] - theirs).max():.1e} of {np.abs(theirs).max():.1e}"
    )
    whole = np.ones((1, count), bool)

    def without(*away: int) -> np.ndarray:
        row = whole.copy()
        row[0, list(away)] = False
        return game(row)[0]

    simple = ic.word_interactions(model, TEXT, method="pairwise", **options)
    truth = [without() - without(i) - without(j) + without(i, j) for i, j in pairs]
    print(f"pairwise: largest difference {np.abs(simple['interaction'] - truth).max():.1e}")


def beside_inseq(folder: Path) -> None:
    """Our value zeroing beside inseq's."""
    import inseq
    from inseq.attr.feat.ops.value_zeroing import ValueZeroing

    ours, kept = np.load(folder / "ours.npy"), []
    compute = ValueZeroing.compute_modules_post_zeroing_similarity

    def keep(self: ValueZeroing, *given: object, **options: object) -> torch.Tensor:
        scores = partial(compute, min_score_threshold=0.0)(self, *given, **options)
        kept.append(scores[0].permute(2, 1, 0).numpy())  # layers, queries, keys
        return scores

    ValueZeroing.compute_modules_post_zeroing_similarity = keep
    network = transformers.GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager")
    names = ("bos_token", "eos_token", "pad_token", "unk_token")
    special = dict.fromkeys(names, "<|endoftext|>")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), **special
    )
    model = inseq.load_model(network.eval(), "value_zeroing", tokenizer=tokenizer)
    model.attribute(TEXT, TEXT + " there", show_progress=False)
    size = ours.shape[1]
    for layer, (one, other) in enumerate(zip(ours, kept[0])):
        # Later tokens change nothing before them, so the first rows are those of the text alone.
        difference = np.abs(one - np.nan_to_num(other[:size, :size])).max()
        print(f"layer {layer}: largest difference {difference:.1e} of {one.max():.2f}")


if __name__ == "__main__":
    {"make": make, "inseq": beside_inseq}[sys.argv[1]](Path(sys.argv[2]))
