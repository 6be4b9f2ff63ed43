"""Effects of activation patching beside TransformerLens, on tiny random GPT-2 and Llama models.

    python -m benchmarks.patching_peer

Needs `transformer-lens` (compared with 3.9.0), in an environment of its own beside the app's
requirements. The same folder is read by both; TransformerLens gets the weights by its own
converters, and patches with its own `patching` functions. Printed is the largest difference of all
effects. Found: at most 3.7e-6 on GPT-2 and 1.1e-6 on Llama (grouped queries), over residual stream,
heads, queries, keys, values and MLPs.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import torch
import transformers
from transformer_lens import HookedTransformer, HookedTransformerConfig, patching
from transformer_lens.pretrained.weight_conversions import (
    convert_gpt2_weights,
    convert_llama_weights,
)

import interp_core as ic
from interp_core.inputs.tokens import encode
from tests.interventions.families import inputs_of
from tests.tiny import build

SITES = {
    "stream": patching.get_act_patch_resid_pre,  # of the next layer: our state after a layer
    "heads": patching.get_act_patch_attn_head_out_all_pos,
    "query": patching.get_act_patch_attn_head_q_all_pos,
    "key": patching.get_act_patch_attn_head_k_all_pos,
    "value": patching.get_act_patch_attn_head_v_all_pos,
    "mlp": patching.get_act_patch_mlp_out,
}


def peer(folder: Path, family: str) -> HookedTransformer:
    """The same weights as a HookedTransformer, without its changes of weights."""
    model = transformers.AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager")
    known = model.config
    common = {"tokenizer_name": None, "dtype": torch.float32, "device": "cpu"}
    if family == "gpt2":
        config = HookedTransformerConfig(
            n_layers=known.n_layer,
            d_model=known.n_embd,
            n_ctx=known.n_positions,
            d_head=known.n_embd // known.n_head,
            n_heads=known.n_head,
            d_mlp=4 * known.n_embd,
            d_vocab=known.vocab_size,
            act_fn="gelu_new",
            eps=known.layer_norm_epsilon,
            normalization_type="LN",
            **common,
        )
        weights = convert_gpt2_weights(model, config)
    else:
        config = HookedTransformerConfig(
            n_layers=known.num_hidden_layers,
            d_model=known.hidden_size,
            n_ctx=known.max_position_embeddings,
            d_head=known.hidden_size // known.num_attention_heads,
            n_heads=known.num_attention_heads,
            n_key_value_heads=known.num_key_value_heads,
            d_mlp=known.intermediate_size,
            d_vocab=known.vocab_size,
            act_fn="silu",
            eps=known.rms_norm_eps,
            normalization_type="RMS",
            positional_embedding_type="rotary",
            rotary_dim=known.hidden_size // known.num_attention_heads,
            rotary_adjacent_pairs=False,
            rotary_base=int(known.rope_parameters["rope_theta"]),
            gated_mlp=True,
            final_rms=True,
            **common,
        )
        weights = convert_llama_weights(model, config)
    found = HookedTransformer(config)
    found.load_state_dict(weights, strict=False)
    return found.eval()


def compare(family: str) -> None:
    """Print the largest difference of the effects at every site."""
    with tempfile.TemporaryDirectory() as place, torch.no_grad():
        folder = build(family, Path(place) / family)
        model, other = ic.load_model(str(folder)), peer(folder, family)
        texts = inputs_of(model)
        clean, corrupt = (encode(model, text).inputs["input_ids"] for text in texts)
        logits, kept = other.run_with_cache(clean)
        changed = other(corrupt)[0, -1]
        answer = int((logits[0, -1] - changed).abs().argmax())  # noise is divided by the change
        high, low = float(logits[0, -1, answer]), float(changed[answer])

        def effect(output: torch.Tensor) -> torch.Tensor:
            return (output[0, -1, answer] - low) / (high - low)

        ours = ic.patch(model, *texts, target=answer)
        print(f"{family}: logits differ by {abs(ours.clean - high):.1e}; {ours.effects.shape}")
        for site, function in SITES.items():
            truth = function(other, corrupt, kept, effect).cpu().numpy()
            found = ic.patch(model, *texts, site=site, target=answer).effects
            if site == "stream":
                truth, found = truth[1:], found[:-1]
            if truth.shape != found.shape:  # theirs is by key-value head
                truth = np.repeat(truth, found.shape[1] // truth.shape[1], 1)
            print(f"  {site}: largest difference {np.abs(truth - found).max():.1e}")


if __name__ == "__main__":
    for name in ("gpt2", "llama"):
        compare(name)
