"""Labels that links, lessons and saved sessions made with earlier versions still carry."""

from __future__ import annotations

import re

# Key of the address: label in earlier versions → label today.
RENAMED: dict[str, dict[str, str]] = {
    "view": {"Test it": "Ablation"},
    "kind": {"Raw weights": "Attention weights", "Norm-weighted ‖α f(x)‖": "Norm-weighted"},
    "special": {"Hide, renormalise rows": "Hide and renormalise", "Hide, keep weights": "Hide"},
    "mass": {"50 %": "50%", "80 %": "80%", "90 %": "90%", "95 %": "95%"},
    "show": {
        "What if": "Counterfactuals",
        "Layer by layer": "Layer conductance",
        "Many texts": "Multiple texts",
        "Can it be trusted?": "Faithfulness",
    },
    "order": {"in order": "Text order", "by size": "By score"},
    "mode_away": {"deleting words": "delete words", "masking words": "mask words"},
    "look": {
        "Picture": "Projection",
        "What is out of place?": "Outliers and label errors",
        "Can it be trusted?": "Projection quality",
        "Shape of the space": "Geometry",
    },
    "points": {
        "Words in groups": "Word groups",
        "Words with several senses": "Ambiguous words",
        "Requests in seven intents": "Requests (7 intents)",
        "The model's vocabulary": "Vocabulary",
        "Tokens of my text": "Tokens of the text",
        "Texts of a file": "Texts from a file",
        "Vectors of a file": "Vectors from a file",
    },
    "entries": {
        "word pieces (##)": "subword tokens (##)",
        "all but special": "no special tokens",
    },
    "unit_digits": {
        "picture (mean of its patches)": "image (mean of its patches)",
        "picture (class token)": "image (class token)",
    },
    "drag": {"moves": "pan", "selects": "select"},
    "heads_view": {
        "Two statistics": "Scatter plot",
        "Which are alike?": "Head similarity",
        "Which matter?": "Head importance",
    },
    "corpus": {"My text": "Sidebar text", "A file of mine": "My file"},
    "way": {"Gradient (fast)": "Gradient estimate", "Ablation (true)": "Zero ablation"},
    "curve": {
        "answers kept": "agreement with full model",
        "logit of the answer": "logit of the prediction",
    },
    "versus": {"Negation probes and costs": "Negation test and cost"},
    "lm_view": {"Who wrote the logit?": "Logit attribution"},
    "lm_line": {"KL to the end (bits)": "KL from final (bits)"},
    "picture_view": {"Every head": "All heads"},
    "picture": {"my own": "upload an image"},
}
RENAMED["corpus_2"] = RENAMED["corpus"]
_SAMPLE = re.compile(r"a (\d) \(digit (\d+)\)")


def today(key: str, label: str) -> str:
    """The present label of a choice: `look=Picture` of an old link is `look=Projection`."""
    if key == "picture" and (found := _SAMPLE.fullmatch(label)):
        return f"digit {found[1]} (sample {found[2]})"
    return RENAMED.get(key, {}).get(label, label)
