"""What a folder of sentence-transformers says of the way from token vectors to a text's vector.

`modules.json` lists the modules: first the transformer, then pooling, dense layers and
normalization. They are read here from their settings and safetensors, of version 6 and of older
ones, and checked in the tests against that library. A module or mode that is not known here is
refused by name: leaving one out would give other vectors than the model's own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interp_core.errors import UnsafeModel, UnsupportedModel
from interp_core.models.file_checks import check_safetensors, is_pointer
from interp_core.models.folders import SENTENCE_MODULES, listed_modules
from interp_core.models.safety import check_links, read_json

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

# Features of a text by name, as modules pass them on: "token_embeddings" (..., tokens, dim) and
# "sentence_embedding" (..., dim). The first is 0 where the prompt's tokens do not count.
Features = dict[str, Any]
Step = Callable[[Features], None]
TOKENS, SENTENCE = "token_embeddings", "sentence_embedding"
OLD_MODES = {
    "pooling_mode_cls_token": "cls",
    "pooling_mode_max_tokens": "max",
    "pooling_mode_mean_tokens": "mean",
    "pooling_mode_mean_sqrt_len_tokens": "mean_sqrt_len_tokens",
    "pooling_mode_weightedmean_tokens": "weightedmean",
    "pooling_mode_lasttoken": "lasttoken",
}
TRANSFORMER_SETTINGS = tuple(
    f"sentence_{kind}_config.json"
    for kind in ("bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet")
)
PLACE = re.compile(r"(?:[\w-][\w.-]*)?")
# What may stand among the tokenizer's settings without changing the tokens of one text.
HARMLESS = {"padding_side", "use_fast", "model_max_length", "truncation_side", "trust_remote_code"}


@dataclass(frozen=True)
class SentencePipeline:
    """How a sentence-transformers model makes one vector of a text.

    `limit` is the number of tokens to which it cuts a text (None: no limit of its own), `prompt`
    what it puts before every text, `counts_prompt` whether the prompt's tokens are pooled, and
    `last_only` whether trained layers follow, which have a meaning for the last layer alone.
    """

    steps: tuple[Step, ...]
    limit: int | None
    prompt: str
    counts_prompt: bool
    last_only: bool
    modes: tuple[str, ...]
    dimensions: int | None

    def __call__(self, states: torch.Tensor, prompt_tokens: int = 0) -> torch.Tensor:
        """(..., tokens, dim) to (..., dim'): one text or several of the same length."""
        features: Features = {
            TOKENS: states,
            "skipped": 0 if self.counts_prompt else prompt_tokens,
        }
        for step in self.steps:
            step(features)
        found = features[SENTENCE]
        return found if self.dimensions is None else found[..., : self.dimensions]


def sentence_folder(folder: Path) -> Path | None:
    """The folder of the list of modules: that of the model, or the one above `0_Transformer`."""
    if (folder / SENTENCE_MODULES).is_file():
        return folder
    above = listed_modules(folder.parent)
    return folder.parent if above and above[0][1] == folder.name else None


def transformer_settings(folder: Path) -> dict:
    """What sentence-transformers keeps beside the transformer: lower case, limit of length."""
    for name in TRANSFORMER_SETTINGS:
        if (folder / name).is_file():
            return read_json(folder / name)
    return {}


def lower_case(folder: Path, tokenizer: PreTrainedTokenizerBase | None) -> tuple[str, ...]:
    """Let the tokenizer lower all letters where the folder says so; a note when it does."""
    if tokenizer is None or transformer_settings(folder).get("do_lower_case") is not True:
        return ()
    if not tokenizer.is_fast:
        tokenizer.do_lower_case = True
        return ("All text is read in lower case, as the folder says (do_lower_case).",)
    from tokenizers.normalizers import Lowercase, Sequence

    own = tokenizer.backend_tokenizer.normalizer
    parts = list(own) if isinstance(own, Sequence) else [] if own is None else [own]
    if any(isinstance(part, Lowercase) for part in parts):
        return ()
    tokenizer.backend_tokenizer.normalizer = Sequence([Lowercase(), *parts])
    return ("All text is read in lower case, as the folder says (do_lower_case).",)


def read_pipeline(folder: Path) -> SentencePipeline:
    """The modules of a sentence-transformers folder. Raises `UnsafeModel` or `UnsupportedModel`."""
    check_links(folder)
    first, *rest = _modules(folder)
    if first[0] != "Transformer":
        raise _unknown(first[0])
    place = folder / first[1]
    settings = transformer_settings(place)
    _check_transformer(settings)
    modes: tuple[str, ...] = ()
    steps, counts, trained = [], True, False
    for kind, path in rest:
        if kind == "Pooling":
            modes, counts = _pooling_settings(folder / path)
            steps.append(_pooling(modes))
        elif kind in MAKERS:
            steps.append(MAKERS[kind](folder / path))
            trained = trained or kind in ("Dense", "LayerNorm")
        elif kind != "Dropout":  # does nothing outside training
            raise _unknown(kind)
    if not modes:
        raise UnsupportedModel("modules.json names no Pooling, so there is no vector of a text.")
    general = _optional(folder / "config_sentence_transformers.json")
    return SentencePipeline(
        tuple(steps),
        _number(settings.get("max_seq_length")),
        _prompt(general),
        counts,
        trained,
        modes,
        _number(general.get("truncate_dim")),
    )


def _modules(folder: Path) -> list[tuple[str, str]]:
    """The kind and the place of each module."""
    found = listed_modules(folder)
    if not found or not all(kind for kind, _ in found):
        raise UnsupportedModel(f"{SENTENCE_MODULES} does not list modules. Save the model again.")
    for kind, place in found:
        if not kind.startswith("sentence_transformers."):
            raise UnsafeModel(
                f"{SENTENCE_MODULES} names the module {kind[:100]!r}: Python code from elsewhere, "
                "which Clearhead never runs."
            )
        if not PLACE.fullmatch(place):
            raise UnsafeModel(f"{SENTENCE_MODULES} leads out of the folder: {place[:100]!r}.")
    return [(kind.rpartition(".")[2], place) for kind, place in found]


def _unknown(kind: str) -> UnsupportedModel:
    return UnsupportedModel(
        f"The model's own pooling needs the sentence-transformers module {kind[:60]!r}, which is "
        "not known here, and leaving it out would give other vectors. Use mean or first."
    )


def _optional(path: Path) -> dict:
    return read_json(path) if path.is_file() else {}


def _number(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if value > 0 else None


def _prompt(general: dict) -> str:
    """What stands before every text: the prompt of the name that the folder sets as default."""
    name, prompts = general.get("default_prompt_name"), general.get("prompts")
    if name is None:
        return ""
    given = prompts.get(name, 0) if isinstance(prompts, dict) else 0
    if not isinstance(given, str | None):
        raise UnsupportedModel(
            f"The default prompt {str(name)[:60]!r} is not among the model's prompts. Correct "
            "config_sentence_transformers.json."
        )
    return given or ""


def _check_transformer(settings: dict) -> None:
    """Refuse settings under which the transformer passes on something else than token vectors."""
    given = settings.get("modality_config")
    text = given.get("text") if isinstance(given, dict) else None
    if isinstance(given, dict) and (
        not isinstance(text, dict)
        or text.get("method", "forward") != "forward"
        or text.get("method_output_name", "last_hidden_state") != "last_hidden_state"
        or settings.get("module_output_name", TOKENS) != TOKENS
    ):
        raise UnsupportedModel(
            "The model's own pooling does not begin with the vectors of the last layer. Use mean "
            "or first."
        )
    for name in ("tokenizer_args", "processor_kwargs", "processing_kwargs"):
        asked = settings.get(name) or {}
        unknown = sorted(set(asked) - HARMLESS) if isinstance(asked, dict) else [name]
        if unknown:
            raise UnsupportedModel(
                f"The folder's own pooling sets {unknown[0]!r} for its tokenizer, which is not "
                "known here. Use mean or first."
            )


# ------------------------------------------------------------------------------------- pooling


def _pooling_settings(folder: Path) -> tuple[tuple[str, ...], bool]:
    """The modes, in order, and whether the tokens of the prompt count."""
    settings = _optional(folder / "config.json")
    named = settings.get("pooling_mode")
    old = [name for name in settings if name.startswith("pooling_mode_")]
    if named is None:
        unknown = [name for name in old if name not in OLD_MODES and settings[name]]
        if unknown:
            raise _unknown_mode(unknown[0])
        named = [mode for name, mode in OLD_MODES.items() if settings.get(name)] or "mean"
    modes = tuple(map(str, named)) if isinstance(named, list) else (str(named),)
    for mode in modes:
        if mode not in MODES:
            raise _unknown_mode(mode)
    return modes, settings.get("include_prompt") is not False


def _unknown_mode(mode: str) -> UnsupportedModel:
    return UnsupportedModel(
        f"The model's own pooling is {mode[:60]!r}, which is not known here. Use mean or first."
    )


def _weighted(states: torch.Tensor, skipped: int) -> torch.Tensor:
    import torch

    count = states.shape[-2]
    weights = torch.arange(1, count + 1, dtype=states.dtype, device=states.device)[skipped:, None]
    return (states[..., skipped:, :] * weights).sum(-2) / weights.sum()


# (..., tokens, dim) and the number of tokens at the start that do not count -> (..., dim).
MODES: dict[str, Callable[[torch.Tensor, int], torch.Tensor]] = {
    "cls": lambda states, skipped: states[..., skipped, :],
    "max": lambda states, skipped: states[..., skipped:, :].amax(-2),
    "mean": lambda states, skipped: states[..., skipped:, :].mean(-2),
    "mean_sqrt_len_tokens": lambda states, skipped: (
        states[..., skipped:, :].sum(-2) / (states.shape[-2] - skipped) ** 0.5
    ),
    "weightedmean": _weighted,
    "lasttoken": lambda states, skipped: states[..., -1, :],
}


def _pooling(modes: tuple[str, ...]) -> Step:
    def step(features: Features) -> None:
        import torch

        states, skipped = features[TOKENS], features["skipped"]
        features[SENTENCE] = torch.cat([MODES[mode](states, skipped) for mode in modes], dim=-1)

    return step


# --------------------------------------------------------------------------------- other modules


def _dense(folder: Path) -> Step:
    """A linear layer with an activation, and a shortcut around it where it has one."""
    import torch

    settings, weights = read_json(folder / "config.json"), _weights(folder)
    activation = _activation(
        settings.get("activation_function", "torch.nn.modules.activation.Tanh")
    )
    source, target = _names(settings)
    weight, bias = weights.get("linear.weight"), weights.get("linear.bias")
    if weight is None or (settings.get("bias", True) and bias is None):
        raise UnsupportedModel(f"The Dense module in {folder.name!r} lacks its weights.")
    shortcut = weights.get("residual.weight") if settings.get("use_residual") else None

    def step(features: Features) -> None:
        given = features[source].to(weight.device)
        found = activation(torch.nn.functional.linear(given, weight, bias))
        if settings.get("use_residual"):
            found = found + (given if shortcut is None else given @ shortcut.T)
        features[target] = found

    return step


def _activation(name: object) -> Callable[[torch.Tensor], torch.Tensor]:
    """An activation of torch, by the name of its class. Raises `UnsupportedModel`."""
    import torch

    place, _, last = str(name).rpartition(".")
    found = getattr(torch.nn, last, None)
    known = place.startswith("torch.nn") and isinstance(found, type)
    if known and found.__module__ in ("torch.nn.modules.activation", "torch.nn.modules.linear"):
        try:
            return found()
        except TypeError:
            pass
    raise UnsupportedModel(
        f"The Dense module of the model's own pooling uses the activation {str(name)[:80]!r}, "
        "which is not known here. Use mean or first."
    )


def _normalize(folder: Path) -> Step:
    import torch

    source, target = _names(_optional(folder / "config.json"))

    def step(features: Features) -> None:
        if source in features:
            features[target] = torch.nn.functional.normalize(features[source], dim=-1)

    return step


def _layer_norm(folder: Path) -> Step:
    import torch

    weights = _weights(folder)
    weight, bias = weights.get("norm.weight"), weights.get("norm.bias")
    if weight is None or bias is None:
        raise UnsupportedModel(f"The LayerNorm module in {folder.name!r} lacks its weights.")

    def step(features: Features) -> None:
        features[SENTENCE] = torch.nn.functional.layer_norm(
            features[SENTENCE], weight.shape, weight, bias
        )

    return step


MAKERS: dict[str, Callable[[Path], Step]] = {
    "Dense": _dense,
    "Normalize": _normalize,
    "LayerNorm": _layer_norm,
}


def _names(settings: dict) -> tuple[str, str]:
    """What a module reads and writes."""
    source = settings.get("module_input_name") or SENTENCE
    target = settings.get("module_output_name") or source
    for name in (source, target):
        if name not in (TOKENS, SENTENCE):
            raise _unknown(f"for {name}")
    return source, target


def _weights(folder: Path) -> dict[str, torch.Tensor]:
    """The tensors of a module as float32."""
    from safetensors.torch import load_file

    path = folder / "model.safetensors"
    if not path.is_file():
        raise UnsafeModel(
            f"The module in {folder.name!r} has no safetensors weights, and pickled ones are not "
            "opened. Convert them once, where you trust them: "
            "`SentenceTransformer(folder).save_pretrained(new_folder)`."
        )
    if is_pointer(path):
        raise UnsupportedModel(
            f"{path.name} in {folder.name!r} is a git-lfs pointer. Fetch the file: "
            "`git lfs install && git lfs pull` in the folder."
        )
    check_safetensors(path)
    return {name: value.float() for name, value in load_file(path).items()}
