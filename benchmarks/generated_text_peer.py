"""Attribution of an answer beside inseq, on a tiny random GPT-2 and T5.

    python -m benchmarks.generated_text_peer make FOLDER
    python benchmarks/generated_text_peer.py inseq FOLDER

The first writes the models and our scores into the folder. The second reads it and needs `inseq`
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

Of the encoder-decoder model the sources are the encoder's tokens without the end mark.

Found, as the largest difference (largest score), on GPT-2 and T5: input × gradient 1.6e-7 (0.46)
and 1.7e-8 (0.06), integrated gradients 7.8e-8 (0.72) and 8.8e-9 (0.03), replacement 1.4e-6 (0.86)
and 9.5e-7 (0.09), of 366 and 100 scores of single tokens; removal 1.4e-6 (1.37) and 4.8e-7 (0.11),
of 36 and 15 scores of sentences.
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
STEPS = 16
METHODS = ("input_x_gradient", "integrated_gradients", "replacement")
# Family: the token that replaces others, and the names that inseq's tokenizer needs.
FAMILIES = {
    "gpt2": ("_", dict.fromkeys(("bos_token", "eos_token", "pad_token"), "<|endoftext|>")),
    "t5": ("<unk>", {"eos_token": "</s>", "pad_token": "<pad>"}),
}


def make(folder: Path) -> None:
    """Write the models, our scores of single tokens, and those of removed sentences."""
    import interp_core as ic
    from tests.tiny import build

    for family, (blank, _) in FAMILIES.items():
        place = folder / family
        model = ic.load_model(str(build(family, place)))
        scores = {}
        for method in METHODS:
            options = {"method": method, "replacement": blank, "steps": STEPS}
            found = ic.attribute_generation(model, TEXT, ANSWER, units="token", **options)
            count = len(found.tokens)
            last = np.full((count - len(found.earlier), count), np.nan)
            rows = [found.matrix, found.earlier, last] if family == "gpt2" else [found.matrix]
            scores[method] = np.concatenate(rows)
        removed = ic.attribute_generation(model, TEXT, ANSWER, units="sentence")
        np.savez(place / "ours.npz", **scores, removal=removed.matrix)
        ids, answer = removed.prompt.sequence.ids, removed.answer.sequence.ids
        texts = []
        for unit in removed.sources:
            left = np.delete(ids, unit.places).tolist()
            left += answer.tolist() if family == "gpt2" else []
            others = " ".join(each.text.strip() for each in removed.sources if each != unit)
            texts.append(model.tokenizer.decode(left) if family == "gpt2" else others)
            assert model.tokenizer(texts[-1])["input_ids"] == left
        (place / "texts.json").write_text(json.dumps(texts))


def beside_inseq(folder: Path) -> None:
    """Print the largest difference of each method."""
    for family in FAMILIES:
        print(family)
        compare(folder / family, *FAMILIES[family])


def compare(folder: Path, blank: str, names: dict[str, str]) -> None:
    """The methods of one family."""
    import inseq

    decoder = folder.name == "gpt2"
    kind = transformers.AutoModelForCausalLM if decoder else transformers.AutoModelForSeq2SeqLM
    network = kind.from_pretrained(folder, attn_implementation="eager").eval()
    tokenizer = transformers.PreTrainedTokenizerFast(
        tokenizer_file=str(folder / "tokenizer.json"), **names, unk_token=blank
    )
    ours = np.load(folder / "ours.npz")
    rows, columns = ours["input_x_gradient"].shape
    model = inseq.load_model(network, "dummy", tokenizer=tokenizer)
    texts = (TEXT, TEXT + ANSWER if decoder else ANSWER)
    mark, common = model.eos_token_id, {"show_progress": False, "logprob": True}
    first = tokenizer(texts[1])["input_ids"][0]
    assert tokenizer(texts[1])["input_ids"].count(first) == 1
    for method in METHODS:
        path = method == "integrated_gradients"
        model.eos_token_id = first if path and decoder else mark
        found = model.attribute(
            *texts,
            method={"replacement": "occlusion"}.get(method, method),
            attributed_fn="probability",
            **common,
            **({"n_steps": STEPS} if path else {}),
        ).sequence_attributions[0]
        theirs = found.target_attributions if decoder else found.source_attributions
        theirs = (theirs.sum(-1) if theirs.ndim == 3 else theirs).detach().numpy()
        mine = np.abs(ours[method]) if method == "replacement" else ours[method]
        told(method, mine, theirs if decoder else theirs[:rows, :columns])  # without </s>
    model.eos_token_id, lines = mark, []
    for text in json.loads((folder / "texts.json").read_text()):
        found = model.attribute(
            *texts,
            method="dummy",
            step_scores=["contrast_prob_diff"],
            **{"contrast_targets" if decoder else "contrast_sources": text},
            **common,
        ).sequence_attributions[0]
        lines.append(found.step_scores["contrast_prob_diff"].numpy()[:columns])
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
