"""A language model of the Llama family out of one GGUF file, as a folder that transformers loads.

GGUF holds weights, configuration and tokenizer in one file, under the names and in the order of
rows of llama.cpp. The package `gguf` reads it and undoes the quantization; the tables below say
what each name is called in transformers.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from interp_core.errors import UnsupportedModel

if TYPE_CHECKING:
    from pathlib import Path

    from gguf import GGUFReader
    from tokenizers import Tokenizer

# Our names of the tensors: those of a layer, and those outside all layers.
IN_LAYER = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
OUTSIDE = {"token_embd": "embed_tokens", "output_norm": "norm"}
# Our configuration: what it is called in the file, after the name of the architecture.
SIZES = {
    "hidden_size": "embedding_length",
    "intermediate_size": "feed_forward_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "head_dim": "rope.dimension_count",
    "max_position_embeddings": "context_length",
    "rms_norm_eps": "attention.layer_norm_rms_epsilon",
    "vocab_size": "vocab_size",
}
SPECIAL = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}  # kinds of tokens
CONTROL = 3  # the type of a token that is no text


def convert(source: Path, target: Path) -> None:
    """Write weights (float16), configuration and tokenizer of the file `source` into `target`.

    One tensor is unpacked at a time. Raises `UnsupportedModel` for another architecture or another
    tokenizer than the tables of this module are for.
    """
    from safetensors.numpy import save_file

    reader = opened(source)
    _check(reader)
    config = configuration(reader)
    save_file(weights(reader, config), target / "model.safetensors", metadata={"format": "pt"})
    _write(target / "config.json", config)
    made = tokenizer(reader)
    made.save(str(target / "tokenizer.json"))
    _write(target / "tokenizer_config.json", tokenizer_settings(reader, made))
    (target / "chat_template.jinja").write_text(_value(reader, "tokenizer.chat_template"), "utf-8")


def opened(source: Path) -> GGUFReader:
    """The fields and tensors of a file.

    The package reads each of a hundred thousand strings as slices of a memory map, whose slices
    take several times as long as those of a plain array over the same memory.
    """
    from gguf import GGUFReader

    class Reader(GGUFReader):
        @property
        def data(self) -> np.ndarray:
            return self._plain

        @data.setter
        def data(self, mapped: np.ndarray) -> None:
            self._plain = mapped.view(np.ndarray)

    return Reader(source)


def _check(reader: GGUFReader) -> None:
    expected = {
        "general.architecture": "llama",
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "smollm",
        "tokenizer.ggml.add_bos_token": False,
    }
    for key, value in expected.items():
        if (found := _value(reader, key)) != value:
            raise UnsupportedModel(f"The GGUF file has {found!r} as {key}; {value!r} can be read.")


def _value(reader: GGUFReader, key: str) -> Any:
    field = reader.get_field(key)
    return field.contents() if field else None


def _write(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def configuration(reader: GGUFReader) -> dict:
    """What `config.json` says. Numbers that the file has in float32 are given their short form."""
    found = {ours: _value(reader, f"llama.{theirs}") for ours, theirs in SIZES.items()}
    found["rms_norm_eps"] = float(str(np.float32(found["rms_norm_eps"])))
    tied = not any(tensor.name == "output.weight" for tensor in reader.tensors)
    base = _value(reader, "llama.rope.freq_base")
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "float16",
        "tie_word_embeddings": tied,
        "rope_parameters": {"rope_type": "default", "rope_theta": base},
        **{f"{kind}_token_id": number for kind, number in special_ids(reader).items()},
        **found,
    }


def special_ids(reader: GGUFReader) -> dict[str, int]:
    """The numbers of the tokens that begin and end a text, fill up, and stand for the unknown."""
    keys = {kind: f"tokenizer.ggml.{theirs}_token_id" for kind, theirs in SPECIAL.items()}
    return {kind: _value(reader, key) for kind, key in keys.items()}


def weights(reader: GGUFReader, config: dict) -> dict[str, np.ndarray]:
    """Every tensor by our name, float16, in the shape that PyTorch's modules have."""
    return {
        tensor_name(tensor.name): _unpacked(tensor, config).astype(np.float16)
        for tensor in reader.tensors
    }


def tensor_name(theirs: str) -> str:
    """Our name of a tensor. Raises `UnsupportedModel` for one that the tables lack."""
    *place, part, kind = theirs.split(".")
    table = IN_LAYER if place else OUTSIDE
    if theirs == "output.weight":
        return "lm_head.weight"
    if part not in table or kind != "weight" or (place and place[0] != "blk"):
        raise UnsupportedModel(f"The GGUF file has a tensor {theirs!r} that has no known place.")
    layer = f"layers.{place[1]}." if place else ""
    return f"model.{layer}{table[part]}.{kind}"


def _unpacked(tensor: Any, config: dict) -> np.ndarray:
    from gguf import dequantize

    values = dequantize(tensor.data, tensor.tensor_type)
    heads = {"attn_q": "num_attention_heads", "attn_k": "num_key_value_heads"}
    for part, count in heads.items():
        if f".{part}." in tensor.name:
            return _rows_in_our_order(values, config[count])
    return values


def _rows_in_our_order(values: np.ndarray, heads: int) -> np.ndarray:
    """Rotary positions turn pairs of rows: neighbours in llama.cpp, half a head apart here."""
    pairs = values.reshape(heads, -1, 2, values.shape[-1])
    return pairs.swapaxes(1, 2).reshape(values.shape)


def tokenizer(reader: GGUFReader) -> Tokenizer:
    """Byte pairs as in GPT-2, after every digit is split off, spaces before it kept together.

    That is what the model was trained with, and what llama.cpp does where a file says "smollm".
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, processors

    tokens = _value(reader, "tokenizer.ggml.tokens")
    types = _value(reader, "tokenizer.ggml.token_type")
    merges = [tuple(pair.split(" ")) for pair in _value(reader, "tokenizer.ggml.merges")]
    numbers = {token: number for number, token in enumerate(tokens)}
    made = Tokenizer(models.BPE(vocab=numbers, merges=merges, fuse_unk=False))
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    made.post_processor = processors.ByteLevel(trim_offsets=False)
    made.decoder = decoders.ByteLevel()
    control = [token for token, kind in zip(tokens, types) if kind == CONTROL]
    made.add_special_tokens([AddedToken(each, normalized=False) for each in control])
    return made


def tokenizer_settings(reader: GGUFReader, made: Tokenizer) -> dict:
    """What `tokenizer_config.json` says."""
    numbers = special_ids(reader)
    named = {f"{kind}_token": made.id_to_token(number) for kind, number in numbers.items()}
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": _value(reader, "llama.context_length"),
        "clean_up_tokenization_spaces": False,
        **named,
    }
