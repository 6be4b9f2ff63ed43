"""One small tokenizer of every kind, trained on a few sentences and wrapped as its family does."""

from __future__ import annotations

import json

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from tokenizers import trainers as train
from transformers import PreTrainedTokenizerFast

SENTENCES = (
    "The plot is not bad at all, and the actors know what they are doing.",
    "Nobody expected the unhappiest ending of this film; it's wonderfully strange!",
    "She didn't like the café near the river, but he'd go there again and again.",
    "A model looks at words, and words look back at the model.",
    "Clearhead looks inside. What does a head see, and where does it look?",
)


def wordpiece() -> PreTrainedTokenizerFast:
    """BERT's: lower-cased, accents kept, `[CLS] a [SEP] b [SEP]` with segment ids 0 and 1."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    core = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    core.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.decoder = decoders.WordPiece()
    trainer = train.WordPieceTrainer(
        vocab_size=220,
        special_tokens=special,
        show_progress=False,
        initial_alphabet=list("éàöñ日本語שלום😀̈"),
    )
    core.train_from_iterator(SENTENCES, trainer)
    core.post_processor = _template(core, "[CLS]", "[SEP]", segments=True)
    return _wrap(core, dict(zip(("pad", "unk", "cls", "sep", "mask"), special)), segments=True)


def byte_level(*, roberta: bool = False) -> PreTrainedTokenizerFast:
    """GPT-2's byte-level BPE without special tokens in the text, or RoBERTa's with `<s> a </s>`."""
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"] if roberta else ["<|endoftext|>"]
    core = Tokenizer(models.BPE())
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    core.train_from_iterator(
        SENTENCES,
        train.BpeTrainer(
            vocab_size=330, special_tokens=special, initial_alphabet=alphabet, show_progress=False
        ),
    )
    if not roberta:
        core.post_processor = processors.ByteLevel(trim_offsets=False)
        end = special[0]
        return _wrap(core, {"bos": end, "eos": end, "unk": end, "pad": end})
    core.post_processor = processors.RobertaProcessing(
        ("</s>", 2), ("<s>", 0), trim_offsets=True, add_prefix_space=False
    )
    names = dict(zip(("bos", "pad", "eos", "unk", "mask"), special))
    return _wrap(core, {**names, "cls": "<s>", "sep": "</s>"})


def unigram(*, first: str = "", last: str = "</s>") -> PreTrainedTokenizerFast:
    """A sentencepiece-like Unigram tokenizer: T5's `a </s>`, or ALBERT's `[CLS] a [SEP]`."""
    special = ["<pad>", "<unk>", *([first] if first else []), last]
    special += ["[MASK]"] if first else []
    core = Tokenizer(models.Unigram())
    core.normalizer = normalizers.NFKC()
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    core.decoder = decoders.Metaspace()
    core.train_from_iterator(
        SENTENCES,
        train.UnigramTrainer(
            vocab_size=160, special_tokens=special, unk_token="<unk>", show_progress=False
        ),
    )
    core.post_processor = _template(core, first, last, segments=bool(first))
    names = {"pad": "<pad>", "unk": "<unk>", "eos": last}
    if first:
        names = {"pad": "<pad>", "unk": "<unk>", "cls": first, "sep": last, "mask": "[MASK]"}
    return _wrap(core, names, segments=bool(first))


def byte_fallback() -> PreTrainedTokenizerFast:
    """Llama's: BPE over `▁`-marked words, unknown characters as `<0x..>` bytes, `<s>` in front."""
    special = ["<unk>", "<s>", "</s>", "<pad>"]
    trained = Tokenizer(models.BPE(unk_token="<unk>"))
    trained.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    trained.train_from_iterator(
        SENTENCES, train.BpeTrainer(vocab_size=140, special_tokens=special, show_progress=False)
    )
    vocabulary = trained.get_vocab()
    for byte in range(256):
        vocabulary[f"<0x{byte:02X}>"] = len(vocabulary)
    core = Tokenizer(
        models.BPE(
            vocabulary, _merges(trained), unk_token="<unk>", byte_fallback=True, fuse_unk=True
        )
    )
    core.add_special_tokens(special)
    core.normalizer = normalizers.Sequence(
        [normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]
    )
    core.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    core.post_processor = _template(core, "<s>", "", segments=False)
    return _wrap(core, dict(zip(("unk", "bos", "eos", "pad"), special)))


def _merges(core: Tokenizer) -> list[tuple[str, str]]:
    return [tuple(pair) for pair in json.loads(core.to_str())["model"]["merges"]]


def _template(core: Tokenizer, first: str, last: str, *, segments: bool):
    one = " ".join(part for part in (first, "$A", last) if part)
    second = 1 if segments else 0
    two = one + f" $B:{second}" + (f" {last}:{second}" if last else "")
    marks = [(mark, core.token_to_id(mark)) for mark in (first, last) if mark]
    return processors.TemplateProcessing(single=one, pair=two, special_tokens=marks)


def _wrap(core: Tokenizer, names: dict, *, segments: bool = False) -> PreTrainedTokenizerFast:
    inputs = ["input_ids", "attention_mask"]
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        model_input_names=[inputs[0], "token_type_ids", inputs[1]] if segments else inputs,
        **{f"{name}_token": token for name, token in names.items()},
    )


def albert_unigram() -> PreTrainedTokenizerFast:
    """ALBERT's and DeBERTa-v2's shape: Unigram with `[CLS] a [SEP] b [SEP]`."""
    return unigram(first="[CLS]", last="[SEP]")


def roberta_bytes() -> PreTrainedTokenizerFast:
    """RoBERTa's and BART's shape."""
    return byte_level(roberta=True)
