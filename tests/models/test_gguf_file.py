"""The reader of GGUF files against plain re-implementations, and small files made here."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
import pytest
import regex
import torch

import interp_core as ic
from interp_core.models import gguf_file, language_model
from tests.needs import needs_language_model
from tests.tiny_gguf import THEIRS, characters_of_bytes, written

pytestmark = needs_language_model
# Numbers after spaces, digits of other scripts and text of every kind, among them special tokens.
TEXTS = [
    "The capital of France is",
    "In 2024  we  had   12 cats, 3.5 dogs and 1,000 fish.",
    "x =    7\n\n\tif y == 10:\r\n        return  ½ + ²",
    "don't we'll I'D it's 'S  'tis",
    "naïve café 日本語のテキスト ไทย मानक",
    "👩‍👩‍👧 e\u0301 \u200b|٣٤ Ⅷ",
    "",
    " ",
    "   ",
    "a<|im_end|> b<|im_start|>",
    "<repo_name>x<file_sep>",
]
SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


@pytest.fixture(scope="module")
def reader():
    return gguf_file.opened(language_model.MODEL.source())


@pytest.fixture(scope="module")
def folder():
    return language_model.MODEL.folder()


def byte_pairs(piece: str, ranks: dict) -> list[str]:
    """The textbook's loop: join the pair of least rank until there is none."""
    parts = list(piece)
    while len(parts) > 1:
        pairs = list(pairwise(parts))
        best = min(pairs, key=lambda pair: ranks.get(pair, np.inf))
        if best not in ranks:
            break
        place = pairs.index(best)
        parts[place : place + 2] = ["".join(best)]
    return parts


def test_texts_get_the_tokens_that_a_plain_byte_pair_encoder_gives(reader, folder):
    """The file says "smollm": digits are split off first, then GPT-2's pattern cuts the rest."""
    from transformers import AutoTokenizer

    tokens, kinds, merges = (
        reader.get_field(f"tokenizer.ggml.{key}").contents()
        for key in ("tokens", "token_type", "merges")
    )
    numbers = {token: number for number, token in enumerate(tokens)}
    control = [each for each, kind in zip(tokens, kinds) if kind == 3]
    ranks = {tuple(pair.split(" ")): rank for rank, pair in enumerate(merges)}
    alphabet = characters_of_bytes()
    cut = regex.compile("(" + "|".join(map(regex.escape, control)) + ")")

    def encoded(text: str) -> list[int]:
        found = []
        for part in cut.split(text):
            if part in control:
                found.append(numbers[part])
                continue
            for run in regex.findall(r"\p{N}|\P{N}+", part):
                for piece in regex.findall(SPLIT, run):
                    spelled = "".join(alphabet[each] for each in piece.encode())
                    found += [numbers[each] for each in byte_pairs(spelled, ranks)]
        return found

    ours = AutoTokenizer.from_pretrained(folder)
    for text in TEXTS:
        ids = ours(text)["input_ids"]
        assert ids == encoded(text), text
        assert ours.decode(ids) == text


@pytest.mark.parametrize("name", ["ffn_down", "attn_v", "attn_q", "attn_k"])
def test_converted_weights_are_the_packaged_ones(reader, folder, name):
    """Rows of query and key are stored in the order of another implementation, head by head."""
    from gguf import dequantize
    from safetensors import safe_open

    (stored,) = (each for each in reader.tensors if each.name == f"blk.7.{name}.weight")
    expected = dequantize(stored.data, stored.tensor_type)
    heads = {"attn_q": 9, "attn_k": 3}.get(name)
    if heads:
        expected = expected.reshape(heads, 32, 2, -1).swapaxes(1, 2).reshape(expected.shape)
    ours = THEIRS[f"blk.{{}}.{name}.weight"].format(7)
    with safe_open(folder / "model.safetensors", framework="numpy") as weights:
        assert np.array_equal(weights.get_tensor(ours), expected.astype(np.float16))


def test_the_settings_are_those_of_the_file(folder):
    from transformers import AutoTokenizer

    ours = AutoTokenizer.from_pretrained(folder)
    named = (ours.bos_token, ours.eos_token, ours.pad_token, ours.unk_token)
    assert named == ("<|im_start|>", "<|im_end|>", "<|im_end|>", "<|endoftext|>")
    assert ours.model_max_length == 8192
    said = ours.apply_chat_template([{"role": "user", "content": "Hi"}], tokenize=False)
    assert said.endswith("<|im_start|>user\nHi<|im_end|>\n")
    config = json.loads((folder / "config.json").read_text())
    assert config["rms_norm_eps"] == 1e-5
    assert config["rope_parameters"] == {"rope_type": "default", "rope_theta": 100000.0}
    assert config["tie_word_embeddings"] is True


def test_a_model_comes_back_as_it_was_written(tmp_path):
    model = written(tmp_path / "tiny.gguf")
    gguf_file.convert(tmp_path / "tiny.gguf", tmp_path)
    (tmp_path / "tiny.gguf").unlink()
    again = ic.load_model(str(tmp_path))
    ids = torch.arange(1, 40)[None]
    with torch.inference_mode():
        assert torch.allclose(again.model(ids).logits, model(ids).logits, atol=1e-6)
    assert again.tokenizer.decode(again.tokenizer("Hi 42  7")["input_ids"]) == "Hi 42  7"


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"architecture": "qwen2"}, "'qwen2' as general.architecture"),
        ({"pre": "llama-bpe"}, "'llama-bpe' as tokenizer.ggml.pre"),
        ({"tensor": "rope_freqs.weight"}, "'rope_freqs.weight' that has no known place"),
    ],
    ids=["family", "tokenizer", "tensor"],
)
def test_a_file_that_the_tables_are_not_for_is_refused(tmp_path, changed, says):
    written(tmp_path / "tiny.gguf", **changed)
    with pytest.raises(ic.UnsupportedModel, match=says):
        gguf_file.convert(tmp_path / "tiny.gguf", tmp_path)
    assert not (tmp_path / "model.safetensors").exists()
