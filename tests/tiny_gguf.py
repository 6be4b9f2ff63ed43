"""GGUF files of tiny random models, as llama.cpp would keep them."""

from __future__ import annotations

import numpy as np
import torch

THEIRS = {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
    "blk.{}.attn_norm.weight": "model.layers.{}.input_layernorm.weight",
    "blk.{}.attn_q.weight": "model.layers.{}.self_attn.q_proj.weight",
    "blk.{}.attn_k.weight": "model.layers.{}.self_attn.k_proj.weight",
    "blk.{}.attn_v.weight": "model.layers.{}.self_attn.v_proj.weight",
    "blk.{}.attn_output.weight": "model.layers.{}.self_attn.o_proj.weight",
    "blk.{}.ffn_norm.weight": "model.layers.{}.post_attention_layernorm.weight",
    "blk.{}.ffn_gate.weight": "model.layers.{}.mlp.gate_proj.weight",
    "blk.{}.ffn_up.weight": "model.layers.{}.mlp.up_proj.weight",
    "blk.{}.ffn_down.weight": "model.layers.{}.mlp.down_proj.weight",
}


def characters_of_bytes() -> dict[int, str]:
    """GPT-2's alphabet: printable bytes as they are, the others from 256 on in their order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [each for each in range(256) if each not in printable]
    return {each: chr(each) for each in printable} | {
        each: chr(256 + place) for place, each in enumerate(others)
    }


def written(path, **changed):
    """A GGUF file of a tiny Llama as llama.cpp would keep it; with the model it was made from."""
    from gguf import GGUFWriter
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    sizes = {
        "hidden_size": 32,
        "intermediate_size": 48,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": 8,
        "max_position_embeddings": 64,
        "vocab_size": 257,
    }
    config = LlamaConfig(
        **sizes,
        rms_norm_eps=1e-5,
        rope_parameters={"rope_type": "default", "rope_theta": 500.0},
        tie_word_embeddings=False,
    )
    model = LlamaForCausalLM(config).half().float().eval()
    writer = GGUFWriter(path, changed.get("architecture", "llama"))
    writer.add_context_length(64)
    writer.add_embedding_length(32)
    writer.add_feed_forward_length(48)
    writer.add_block_count(2)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_rope_dimension_count(8)
    writer.add_rope_freq_base(500.0)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(257)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(changed.get("pre", "smollm"))
    writer.add_token_list([*characters_of_bytes().values(), "Hi"])
    writer.add_token_types([1] * 257)
    writer.add_token_merges(["H i"])
    writer.add_add_bos_token(False)
    for add in (
        writer.add_bos_token_id,
        writer.add_eos_token_id,
        writer.add_unk_token_id,
        writer.add_pad_token_id,
    ):
        add(0)
    writer.add_chat_template("{{ messages }}")
    ours = {name: each.numpy() for name, each in model.state_dict().items()}
    for name, part in THEIRS.items():
        if "{}" not in name:
            writer.add_tensor(name, ours[part])
            continue
        for layer in range(2):
            values = ours[part.format(layer)]
            if "attn_q" in name or "attn_k" in name:
                heads = 4 if "attn_q" in name else 2
                # A head's rows 0..3 and 4..7 become 0, 4, 1, 5, 2, 6, 3, 7.
                order = np.arange(len(values)).reshape(heads, 2, 4).transpose(0, 2, 1).ravel()
                values = np.ascontiguousarray(values[order])
            writer.add_tensor(name.format(layer), values)
    if "tensor" in changed:
        writer.add_tensor(changed["tensor"], np.zeros(2, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return model
