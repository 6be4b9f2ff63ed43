"""A model folder whose words and labels would run if a page took them for HTML."""

from __future__ import annotations

from pathlib import Path

HOSTILE_TOKEN = "<img/src=x/onerror=document.title='x'>"


def build_hostile(folder: Path) -> Path:
    """A classifier whose vocabulary, and whose labels, are HTML that would run."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertForSequenceClassification, PreTrainedTokenizerFast

    words = ["[PAD]", "[UNK]", HOSTILE_TOKEN, "cat"]
    backend = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="[UNK]"))
    backend.normalizer = normalizers.Replace("bad", HOSTILE_TOKEN)
    backend.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="[UNK]", pad_token="[PAD]"
    ).save_pretrained(folder)
    config = BertConfig(
        vocab_size=len(words),
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=16,
        id2label={0: HOSTILE_TOKEN, 1: "</script><script>alert(1)</script>"},
    )
    BertForSequenceClassification(config).save_pretrained(folder)
    return folder
