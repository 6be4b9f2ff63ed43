"""The shared recipe on a model of a few hundred weights: what is trained is what is written."""

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification, BertForTokenClassification

from interp_core.models.adapter import merge_adapter
from training import fit
from training.augment import varied
from training.backbone import logits_of
from training.lora import low_rank_pairs
from training.upper_layers import frozen_outputs, logits

IDS = [[5, 6, 7], [8, 9], [6, 9, 5, 8], [7, 7]]


def tiny(kind):
    config = BertConfig(
        vocab_size=12,
        hidden_size=8,
        num_hidden_layers=3,
        num_attention_heads=2,
        intermediate_size=16,
        num_labels=3,
    )
    torch.manual_seed(1)
    return kind(config).eval()


def arguments(folder):
    recipe = fit.recipe("", folder, epochs=60.0, rank=2, rate=1e-2, head_rate=1e-2, batch=2)
    return recipe.parse_args(["--data", ".", "--float32"])


@pytest.mark.parametrize("kind", [BertForSequenceClassification, BertForTokenClassification])
def test_logits_from_cached_states_are_those_of_the_whole_model(kind):
    model = tiny(kind)
    states = frozen_outputs(model, IDS, 1)
    found = logits(model, states, 1)
    for row, expected in enumerate(logits_of(model, IDS)):
        ours = found[row] if found.ndim == 2 else found[row, : len(IDS[row])]
        assert torch.allclose(ours, expected, atol=1e-3)  # states are kept as float16


@pytest.mark.parametrize("kind", [BertForSequenceClassification, BertForTokenClassification])
def test_the_written_adapter_gives_the_trained_model_and_it_has_learned(kind, tmp_path):
    model, args = tiny(kind), arguments(tmp_path)
    wanted = torch.tensor([0, 1, 2, 1])

    def loss(scores, batch):
        scores = scores if scores.ndim == 2 else scores[:, 0]
        return torch.nn.functional.cross_entropy(scores, wanted[batch])

    fit.fit(model, IDS, loss, args)
    fit.write(model, args)
    merged = tiny(kind)
    merge_adapter(merged, tmp_path)
    trained = logits_of(model.eval(), IDS)
    for ours, theirs in zip(logits_of(merged, IDS), trained):
        assert torch.allclose(ours, theirs, atol=2e-2)  # the file is float16
    first = [row if row.ndim == 1 else row[0] for row in trained]
    assert torch.stack(first).argmax(-1).tolist() == wanted.tolist()


def test_layers_below_the_first_are_left_alone(tmp_path):
    model, args = tiny(BertForSequenceClassification), arguments(tmp_path)
    args.first_layer = 2
    fit.adapt(model, args)
    assert {name.split(".layer.")[1][0] for name in low_rank_pairs(model)} == {"2"}


def test_varied_pictures_keep_their_range_and_some_turn_negative():
    torch.manual_seed(0)
    pictures = torch.rand(40, 1, 32, 32) * 0.1 + 0.8
    found = varied(pictures, inverted=0.5)
    assert found.shape == pictures.shape
    assert found.abs().max() <= 1
    assert 5 < (found.mean((1, 2, 3)) < 0).sum() < 35
    assert (varied(pictures, inverted=0.0) > 0).all()
