"""Attribution of an answer beside inseq, on a tiny random GPT-2.

    python -m benchmarks.generated_text_peer make FOLDER
    python benchmarks/generated_text_peer.py inseq FOLDER

The first writes the model and our scores into the folder. The second reads it and needs `inseq`
(compared with 0.6.0) in an environment of its own, with transformers 4.45.2.

Where the definitions agree: both score log p of each answer token (inseq's step function
"probability" with `logprob`), and both take the prompt and the answer's earlier tokens as sources.

- input × gradient: inseq's scores of single dimensions are summed over a token.
- integrated gradients: the same, with as many Gauss-Legendre points and one baseline, the token
  that replaces others; inseq's baseline is the tokenizer's unknown token. Ours keeps the first
  token of a causal model in the baseline. inseq keeps end marks there, so it is told that the first
  token is one.
- replacement: inseq's occlusion with the same baseline is the absolute value of ours.
- removal: inseq has no such method. Its step score "contrast_prob_diff" of the text beside the text
  without a sentence, aligned from the end as inseq does by itself, is the same difference.

Found, as the largest difference: input × gradient 1.6e-7 (scores up to 0.46), integrated gradients
7.8e-8 (0.72), replacement 1.4e-6 (0.86), each of 366 scores of single tokens; removal 1.4e-6 of 36
scores of sentences (1.37).
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import transformers

TEXT, ANSWER = "Nobody likes the plot. It ends. Why?", " The actors know it."
BLANK, STEPS = "_", 16
METHODS = ("input_x_gradient", "integrated_gradients", "replacement")


def make(folder: Path) -> None:
    """Write the model, our scores of single tokens, and those of removed sentences."""
    import interp_core as ic
    from tests.tiny import build

    model = ic.load_model(str(build("gpt2", folder)))
    scores = {}
    for method in METHODS:
        found = ic.attribute_generation(
            model, TEXT, ANSWER, units="token", method=method, replacement=BLANK, steps=STEPS
        )
        count = len(found.tokens)
        last = np.full((count - len(found.earlier), count), np.nan)
        scores[method] = np.concatenate([found.matrix, found.earlier, last])
    removed = ic.attribute_generation(model, TEXT, ANSWER, units="sentence")
    scores["removal"] = removed.matrix
    np.savez(folder / "ours.npz", **scores)
    ids, answer = removed.prompt.sequence.ids, removed.answer.sequence.ids
    texts = []
    for unit in removed.sources:
        left = [*np.delete(ids, unit.places).tolist(), *answer.tolist()]
        texts.append(model.tokenizer.decode(left))
        assert model.tokenizer(texts[-1])["input_ids"] == left
    (folder / "texts.json").write_text(json.dumps(texts))


def beside_inseq(folder: Path) -> None:
    """Print the largest difference of each method."""
    import inseq

    network = transformers.GPT2LMHeadModel.from_pretrained(folder, attn_implementation="eager")
    names = ("bos_token", "eos_token", "pad_token")
    special = dict.fromkeys(names, "<|endoftext|>")
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), **special, unk_token=BLANK
    )
    ids = tokenizer(TEXT + ANSWER)["input_ids"]
    assert ids.count(ids[0]) == 1
    ours = np.load(folder / "ours.npz")
    model = inseq.load_model(network.eval(), "dummy", tokenizer=tokenizer)
    mark, common = model.eos_token_id, {"show_progress": False, "logprob": True}
    for method in METHODS:
        kept = method == "integrated_gradients"
        model.eos_token_id = ids[0] if kept else mark
        found = model.attribute(
            TEXT,
            TEXT + ANSWER,
            method={"replacement": "occlusion"}.get(method, method),
            attributed_fn="probability",
            **common,
            **({"n_steps": STEPS} if kept else {}),
        )
        theirs = found.sequence_attributions[0].target_attributions
        theirs = (theirs.sum(-1) if theirs.ndim == 3 else theirs).detach().numpy()
        mine = np.abs(ours[method]) if method == "replacement" else ours[method]
        told(method, mine, theirs)
    model.eos_token_id = mark
    lines = []
    for text in json.loads((folder / "texts.json").read_text()):
        found = model.attribute(
            TEXT,
            TEXT + ANSWER,
            method="dummy",
            step_scores=["contrast_prob_diff"],
            contrast_targets=text,
            **common,
        )
        lines.append(found.sequence_attributions[0].step_scores["contrast_prob_diff"].numpy())
    told("removal", ours["removal"], np.stack(lines))


def told(name: str, ours: np.ndarray, theirs: np.ndarray) -> None:
    """Print the largest difference over the scores that both have."""
    assert ours.shape == theirs.shape, (name, ours.shape, theirs.shape)
    known = np.isfinite(ours)
    assert np.isfinite(theirs[known]).all(), name
    difference = np.abs(ours - theirs)[known].max()
    sizes = np.abs(ours[known])
    print(
        f"{name}: {known.sum()} scores, largest difference {difference:.1e}; "
        f"scores up to {sizes.max():.2f}, median {np.median(sizes):.1e}"
    )


if __name__ == "__main__":
    {"make": make, "inseq": beside_inseq}[sys.argv[1]](Path(sys.argv[2]))
