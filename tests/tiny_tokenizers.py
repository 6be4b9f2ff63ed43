"""One small tokenizer of every kind, made from a few sentences and wrapped as its family does.

The vocabularies are the same in every process. WordPiece and Unigram are put together here, because
the order in which their trainers break ties changes from one process to the next.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from math import log

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
OTHER_LETTERS = "éàöñ日本語שלום😀̈"
LONGEST_WHOLE = 7  # letters; longer words come in two pieces


def wordpiece() -> PreTrainedTokenizerFast:
    """BERT's: lower-cased, accents kept, `[CLS] a [SEP] b [SEP]` with segment ids 0 and 1."""
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    words = _word_counts(" ".join(SENTENCES).lower())
    pieces = [*special, *sorted({*"".join(words), *OTHER_LETTERS})]
    pieces += [f"##{letter}" for letter in sorted(set("".join(words)))]
    for first, *rest in map(_parts, words):
        pieces += [first, *(f"##{part}" for part in rest)]
    vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
    core = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]"))
    core.add_special_tokens(special)
    core.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=False)
    core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    core.decoder = decoders.WordPiece()
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
    core = Tokenizer(models.Unigram(_weighed(special), unk_id=1, byte_fallback=False))
    core.add_special_tokens(special)
    core.normalizer = normalizers.NFKC()
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    core.decoder = decoders.Metaspace()
    core.post_processor = _template(core, first, last, segments=bool(first))
    names = {"pad": "<pad>", "unk": "<unk>", "eos": last}
    if first:
        names = {"pad": "<pad>", "unk": "<unk>", "cls": first, "sep": last, "mask": "[MASK]"}
    return _wrap(core, names, segments=bool(first))


def _weighed(special: list[str]) -> list[tuple[str, float]]:
    """Unigram pieces with their log probabilities: `▁`-marked words, their parts, and letters."""
    counts = Counter({"▁": 1})
    for word, count in _word_counts(" ".join(SENTENCES)).items():
        parts = _parts(word)
        pieces = [f"▁{word}"] if len(parts) == 1 else ["▁", *parts]
        counts.update(dict.fromkeys([*pieces, *word], count))
    total = counts.total()
    ordered = sorted(counts.items(), key=lambda each: (-each[1], each[0]))
    return [(mark, 0.0) for mark in special] + [(piece, log(n / total)) for piece, n in ordered]


def _word_counts(text: str) -> Counter[str]:
    """Words and marks of a text in order of appearance, with how often each occurs."""
    return Counter(re.findall(r"\w+|[^\w\s]", text))


def _parts(word: str) -> list[str]:
    half = len(word) // 2
    return [word] if len(word) <= LONGEST_WHOLE else [word[:half], word[half:]]


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
