"""The tokenizer and the image processor of a model: how they are loaded and what they offer."""

from __future__ import annotations

import re
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp_core.errors import UnsafeModel, UnsupportedModel
from interp_core.models.safety import check_processor, read_json
from interp_core.models.weights import quiet_loading

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def input_names(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, batch: Any) -> set[str]:
    """What of a tokenized text goes into the model.

    Tokenizers may offer segment ids that the model has no argument for.
    """
    accepted = signature(model.forward).parameters
    names = set(tokenizer.model_input_names) & accepted.keys()
    return batch.keys() & (names | {"input_ids", "attention_mask"})


def vector_count(model: PreTrainedModel) -> int:
    """How many tokens the model has vectors for (I-BERT's table is no `Embedding`)."""
    return model.get_input_embeddings().weight.shape[0]


DEFAULT_MAX_TOKENS = 512  # for relative positions, which set no limit of their own
# MPT's is the third, that of Whisper's decoder the last.
LIMITS = ("max_position_embeddings", "n_positions", "max_seq_len", "max_target_positions")
POSITION_TABLES = ("position_embeddings", "embed_positions")
NO_LIMIT = 10**7  # transformers writes 10**30 for "no limit known"
VOCABULARIES = ("tokenizer.json", "tokenizer.model", "tekken.json", "vocab.txt", "vocab.json")
LONG = "sequence-length-is-longer-than-the-specified-maximum"
NO_TOKENIZER = (
    "The folder has no tokenizer that transformers can load. Save it beside the model: "
    "`tokenizer.save_pretrained(folder)`."
)
# Of any text, whatever the model reads: memory grows with the square. A shared server sets it.
most_tokens: int | None = None


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    """The tokenizer of a model folder. Raises `UnsafeModel` or `UnsupportedModel`."""
    from transformers import AutoTokenizer

    _refuse_code(folder, "tokenizer_config.json", "tokenizer", unless="tokenizer.json")
    try:
        with quiet_loading():
            tokenizer = AutoTokenizer.from_pretrained(
                folder, trust_remote_code=False, local_files_only=True
            )
    except ImportError as error:  # such as sacremoses for XLM: the package is named by its error
        raise UnsupportedModel(_missing_package(str(error))) from error
    except Exception as error:
        raise UnsupportedModel(NO_TOKENIZER) from error
    # Whoever reads a long text cuts or refuses it: no need to warn of each. This key marks the
    # warning as given.
    tokenizer.deprecation_warnings[LONG] = True
    # Where there are no files, transformers makes a tokenizer that knows no word.
    files = set(tokenizer.vocab_files_names.values())
    if files and not any((folder / name).is_file() for name in (*files, *VOCABULARIES)):
        raise UnsupportedModel(NO_TOKENIZER)
    return tokenizer


def _missing_package(told: str) -> str:
    """The sentence for a tokenizer that needs a package, by what transformers says of it."""
    named = re.search(r"install (?:the )?([A-Za-z][\w.-]*) to use|No module named '([\w]+)", told)
    if named is None:
        return f"The tokenizer needs a package that is not installed: {told.strip()[:300]}"
    package = named[1] or named[2]
    return (
        f"The tokenizer needs the package {package}, which is not installed: "
        f"`pip install {package}`, and start again."
    )


def load_processor(folder: Path) -> Any:
    """The image processor of a model folder. Raises `UnsafeModel` or `UnsupportedModel`."""
    from transformers import AutoImageProcessor

    _refuse_code(folder, "preprocessor_config.json", "image processor")
    if (folder / "preprocessor_config.json").is_file():
        check_processor(read_json(folder / "preprocessor_config.json"))
    try:
        with quiet_loading():
            return AutoImageProcessor.from_pretrained(
                folder, trust_remote_code=False, local_files_only=True
            )
    except ImportError as error:  # DINOv3's processor is made of torchvision alone
        raise UnsupportedModel(
            "The image processor of this model needs the package torchvision: `pip install "
            "torchvision`. Or save a processor beside the model that needs Pillow only, such as "
            "`ViTImageProcessorPil`, with the same size, mean and standard deviation."
        ) from error
    except Exception as error:
        raise UnsupportedModel(
            "The folder has no image processor. Save it beside the model: "
            "`processor.save_pretrained(folder)`."
        ) from error


def _refuse_code(folder: Path, settings: str, what: str, unless: str = "") -> None:
    if not (folder / settings).is_file() or (unless and (folder / unless).is_file()):
        return
    if "auto_map" in read_json(folder / settings):
        raise UnsafeModel(
            f"This {what} needs Python code from the model's folder, which Clearhead never runs."
        )


def max_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase | None) -> int:
    """The longest input: the smallest of what the position table and the tokenizer allow."""
    config = getattr(model.config, "encoder", model.config)
    config = config.get_text_config() if hasattr(config, "get_text_config") else model.config
    limits = [getattr(config, name, None) for name in LIMITS]
    limits = [n - _lost_positions(model, n) for n in limits if isinstance(n, int)]
    if tokenizer is not None and tokenizer.model_max_length < NO_LIMIT:
        limits.append(tokenizer.model_max_length)
    own = min((n for n in limits if n > 0), default=DEFAULT_MAX_TOKENS)
    return own if most_tokens is None else min(own, most_tokens)


def _lost_positions(model: PreTrainedModel, limit: int) -> int:
    """Rows of a table of `limit` positions that stay unused: RoBERTa counts from padding_idx + 1.

    Tables with rows to spare (BART) or sine waves that grow (M2M-100) lose none.
    """
    tables = (part for path, part in model.named_modules() if path.endswith(POSITION_TABLES))
    exact = (table for table in tables if len(getattr(table, "weight", ())) == limit)
    places = (getattr(table, "padding_idx", None) for table in exact)
    return max((place + 1 for place in places if place is not None), default=0)


# How the vocabularies of common families write them.
SPELLINGS = {
    "mask": ("[MASK]", "<mask>", "<special1>"),
    "pad": ("[PAD]", "<pad>", "<|pad|>", "<|endoftext|>"),
    "unk": ("[UNK]", "<unk>"),
}
FULL = {"mask": "mask", "pad": "padding", "unk": "unknown"}


def named_id(tokenizer: PreTrainedTokenizerBase, name: str) -> int | None:
    """The number of the "mask", "pad" or "unk" token, or None where none is named."""
    return getattr(tokenizer, f"{name}_token_id", None)


def needed_id(tokenizer: PreTrainedTokenizerBase, name: str) -> int:
    """The number of a token that a method cannot do without. Raises `UnsupportedModel`."""
    number = named_id(tokenizer, name)
    if number is None:
        raise UnsupportedModel(unnamed(tokenizer, name))
    return number


def unnamed(tokenizer: PreTrainedTokenizerBase, name: str) -> str:
    """The sentence that says which setting is missing, and what to write there."""
    vocabulary = tokenizer.get_vocab()
    known = [each for each in SPELLINGS.get(name, ()) if each in vocabulary]
    value = known[0] if known else "..."
    has = f"; its vocabulary has {known[0]!r}" if known else ""
    return (
        f"The tokenizer names no {FULL.get(name, name)} token{has}. Add the setting "
        f'`"{name}_token": "{value}"` to tokenizer_config.json.'
    )
