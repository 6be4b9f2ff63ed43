"""What a vision model makes of a picture: which of its tokens are patches, and what the others are.

Nothing is taken from the name of the family. A change to one square of the picture shows which
token that square becomes; a change to a learned token (`cls_token`, `register_tokens`, …) shows
where that one stands. What is left is counted and named neutrally.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from inspect import signature
from typing import TYPE_CHECKING, Any

from interp_core.errors import UnsupportedModel

if TYPE_CHECKING:
    import torch
    from torch import Tensor
    from transformers import PretrainedConfig, PreTrainedModel

# Last part of the parameter's name: how the token is called. Several in one parameter are numbered.
LEARNED = {
    "cls_token": "[CLS]",
    "cls_tokens": "[CLS]",
    "class_token": "[CLS]",
    "class_embedding": "[CLS]",
    "distillation_token": "[DIST]",
    "dist_token": "[DIST]",
    "register_tokens": "[REG]",
    "detection_tokens": "[DET]",
}
CLASS, UNNAMED = "[CLS", "[EXTRA]"
INTERPOLATE = "interpolate_pos_encoding"


@dataclass(frozen=True)
class PictureTokens:
    """The tokens of a vision model besides the patches, and how large pictures may be.

    `before` and `after` name the tokens that stand before and after the patches, which lie row by
    row. `patch` and `size` are (height, width) in pixels: of one patch, and of the picture that the
    position table was made for. `channels` is 1 or 3. `other_sizes` says whether the model reads
    pictures of another size, by interpolating its positions.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    patch: tuple[int, int]
    size: tuple[int, int]
    channels: int
    other_sizes: bool = False

    @property
    def class_place(self) -> int | None:
        """Where the class token stands; None for models without one (SigLIP, I-JEPA)."""
        return next((n for n, name in enumerate(self.before) if name.startswith(CLASS)), None)

    def grid(self, height: int, width: int) -> tuple[int, int]:
        """(rows, columns) of the patches of a picture; what is left over belongs to none."""
        return height // self.patch[0], width // self.patch[1]


def vision_config(config: PretrainedConfig) -> PretrainedConfig:
    """The settings of the image encoder: the configuration's own, or its vision part's."""
    own = getattr(config, "vision_config", None)
    return config if own is None or isinstance(own, dict) else own


def reads_pictures(config: PretrainedConfig) -> bool:
    """Whether a configuration describes a model of pictures alone."""
    part = vision_config(config)
    return getattr(part, "image_size", None) is not None and _patch(part) is not None


def picture_part(config: PretrainedConfig) -> PretrainedConfig | None:
    """The image encoder's configuration in a checkpoint of two encoders (CLIP, SigLIP), or None.

    A checkpoint of two encoders has a vector for texts and one for pictures, and writes nothing.
    """
    from transformers.models.auto.modeling_auto import MODEL_MAPPING

    part = vision_config(config)
    if part is config or not hasattr(config, "text_config") or type(config) not in MODEL_MAPPING:
        return None
    whole = MODEL_MAPPING[type(config)]
    whole = whole[0] if isinstance(whole, (tuple, list)) else whole
    two = hasattr(whole, "get_image_features") and hasattr(whole, "get_text_features")
    return part if two and type(part) in MODEL_MAPPING and reads_pictures(part) else None


def keep_every_patch(model: PreTrainedModel) -> None:
    """Masked autoencoders drop a random part of the patches and shuffle the rest: not here."""
    for module in model.modules():
        if hasattr(module, "random_masking"):
            module.random_masking = _unmasked


def _unmasked(sequence: Tensor, noise: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """All patches in order, with the mask (0: kept) and the places (pictures, patches)."""
    import torch

    rows, patches = sequence.shape[:2]
    places = torch.arange(patches, device=sequence.device).expand(rows, -1)
    return sequence, sequence.new_zeros(rows, patches), places


def picture_settings(model: PreTrainedModel) -> PictureTokens:
    """What the configuration says, the other tokens unknown. Raises `UnsupportedModel`."""
    part = vision_config(model.config)
    size, patch = _both_sides(getattr(part, "image_size", None)), _patch(part)
    if size is None or patch is None:
        raise UnsupportedModel(
            f"{part.model_type} models do not state the size of their images and patches, so "
            "their tokens have no position in the image. Use an image model with patches."
        )
    channels = getattr(part, "num_channels", None) or 3
    if isinstance(channels, (tuple, list)):
        channels = channels[0]
    return PictureTokens((), (), patch, size, channels)


def _both_sides(value: Any) -> tuple[int, int] | None:
    if isinstance(value, int):
        return value, value
    if (
        isinstance(value, (tuple, list))
        and len(value) == 2
        and all(isinstance(each, int) for each in value)
    ):
        return tuple(value)
    return None


def _patch(part: PretrainedConfig) -> tuple[int, int] | None:
    found = _both_sides(getattr(part, "patch_size", None))
    return found if found and min(found) > 0 else None


def probe_pictures(model: PreTrainedModel, device: torch.device) -> PictureTokens:
    """Find by a few passes over small changes which token is what. Raises `UnsupportedModel`."""
    import torch

    told = picture_settings(model)
    pixels = torch.zeros(1, told.channels, *told.size, device=device, dtype=model.dtype)
    rows, columns = told.grid(*told.size)
    entry = _Entry(model, pixels)
    first = _patch_places(entry, pixels, told, (rows, columns))
    last = first + rows * columns
    names = _names(entry, pixels)
    named = [names.get(place, UNNAMED) for place in range(entry.start.shape[1])]
    before, after = _numbered(named[:first]), _numbered(named[last:])
    if _takes(model, INTERPOLATE):
        model.register_forward_pre_hook(partial(_interpolate, told.size), with_kwargs=True)
    found = replace(told, before=before, after=after)
    return replace(found, other_sizes=_reads_other_sizes(model, pixels, found))


def _interpolate(size: tuple[int, int], _model: object, inputs: tuple, named: dict) -> tuple:
    """Tell a model to interpolate its positions for pictures of another size than its table's."""
    pixels = named.get("pixel_values", inputs[0] if inputs else None)
    if pixels is not None and tuple(pixels.shape[-2:]) != size:
        named = {INTERPOLATE: True, **named}
    return inputs, named


class _Entered(Exception):
    """What enters the first layer is there: the layers need not be computed."""


class _Entry:
    """What enters the first layer of a model, by passes that end there where they can.

    `start` (1, tokens, width) is that of `pixels`, from a whole pass, in which it is seen which
    module takes it first. Raises `UnsupportedModel`.
    """

    def __init__(self, model: PreTrainedModel, pixels: Tensor) -> None:
        self.model = model
        self._module: torch.nn.Module | None = None
        taken: dict[torch.nn.Module, Tensor] = {}  # by each module, when it is first called

        def note(module: torch.nn.Module, given: tuple, named: dict) -> None:
            if (states := _states_of(given, named)) is not None:
                taken.setdefault(module, states)

        hooks = [each.register_forward_pre_hook(note, with_kwargs=True) for each in model.modules()]
        try:
            states = self._whole(pixels, {})
        finally:
            for hook in hooks:
                hook.remove()
        self._module = next((each for each, found in taken.items() if found is states), None)
        self.start = states.float()

    def __call__(self, pixels: Tensor, **changed: Tensor) -> Tensor:
        """The states (pictures, tokens, width) of other pixels; `changed` replaces parameters."""
        if self._module is None:
            return self._whole(pixels, changed).float()

        def stop(_module: torch.nn.Module, given: tuple, named: dict) -> None:
            if (states := _states_of(given, named)) is not None:
                raise _Entered(states)

        hook = self._module.register_forward_pre_hook(stop, with_kwargs=True)
        try:
            return self._whole(pixels, changed).float()
        except _Entered as entered:
            return entered.args[0].float()
        finally:
            hook.remove()

    def _whole(self, pixels: Tensor, changed: dict[str, Tensor]) -> Tensor:
        import torch

        options = {"pixel_values": pixels, "output_hidden_states": True, "return_dict": True}
        with torch.no_grad():
            if changed:
                output = torch.func.functional_call(self.model, changed, kwargs=options)
            else:
                output = self.model(**options)
        states = output.hidden_states[0]
        if states.ndim != 3:
            raise UnsupportedModel(_mixed(self.model))
        return states


def _states_of(given: tuple, named: dict) -> Tensor | None:
    """The first argument that has a vector for each token of each picture."""
    found = (each for each in (*given, *named.values()) if getattr(each, "ndim", 0) == 3)
    return next((each for each in found if each.is_floating_point()), None)


def _moved(states: Tensor, start: Tensor, dtype: torch.dtype) -> Tensor:
    """Which tokens of each picture changed, (pictures, tokens).

    A picture in a batch is rounded otherwise than alone, so a token counts as changed when it
    differs by more than rounding, measured by the token that changed most.
    """
    import torch

    change = (states - start).abs().amax(-1)
    return change > torch.finfo(dtype).eps ** 0.5 * change.amax(-1, keepdim=True)


def _patch_places(
    entry: _Entry, pixels: Tensor, tokens: PictureTokens, grid: tuple[int, int]
) -> int:
    """The place of the first patch, when all lie row by row after it. Raises `UnsupportedModel`."""
    import torch

    (tall, broad), (rows, columns) = tokens.patch, grid
    asked = [
        (r, c) for r in sorted({0, rows - 1}) for c in sorted({0, min(1, columns - 1), columns - 1})
    ]
    changed = pixels.repeat(len(asked), 1, 1, 1)
    noise = torch.Generator().manual_seed(0)
    square = torch.randn(tokens.channels, tall, broad, generator=noise).to(pixels)
    for number, (row, column) in enumerate(asked):
        changed[number, :, row * tall : (row + 1) * tall, column * broad : (column + 1) * broad] = (
            square
        )
    moved = _moved(entry(changed), entry.start, pixels.dtype)
    places = [each.nonzero().flatten().tolist() for each in moved]
    if any(len(each) != 1 for each in places):
        raise UnsupportedModel(_mixed(entry.model))
    first = places[0][0]
    if any(each[0] != first + row * columns + column for each, (row, column) in zip(places, asked)):
        raise UnsupportedModel(_mixed(entry.model))
    return first


def _mixed(model: PreTrainedModel) -> str:
    kind = vision_config(model.config).model_type
    return (
        f"{kind} models do not make one token of each square of the image, in order, so their "
        "attention cannot be drawn over it. Use a plain vision transformer such as ViT or "
        "DINOv2."
    )


def _names(entry: _Entry, pixels: Tensor) -> dict[int, str]:
    """Place: name of each token that is learned, by changing it and looking what moves."""
    found: dict[int, str] = {}
    for path, value in entry.model.named_parameters():
        name = LEARNED.get(path.rpartition(".")[2])
        if name is None:
            continue
        states = entry(pixels, **{path: value + 1})
        moved = _moved(states, entry.start, pixels.dtype)[0]
        if int(moved.sum()) * value.shape[-1] == value.numel():  # as many as it holds
            found |= {int(place): name for place in moved.nonzero().flatten()}
    return found


def _numbered(names: list[str]) -> tuple[str, ...]:
    """`[REG0]`, `[REG1]` where a name comes more than once."""
    seen: dict[str, int] = {}
    whole = []
    for name in names:
        number = seen[name] = seen.get(name, -1) + 1
        whole.append(
            name
            if names.count(name) == 1 and name not in ("[REG]", UNNAMED)
            else f"{name[:-1]}{number}]"
        )
    return tuple(whole)


def _takes(model: PreTrainedModel, argument: str) -> bool:
    """Whether the model, or the image encoder inside it, has an argument of that name."""
    inside = [model, model.base_model, getattr(model, "vision_model", None)]
    return any(
        argument in signature(each.forward).parameters for each in inside if each is not None
    )


def _reads_other_sizes(model: PreTrainedModel, pixels: Tensor, found: PictureTokens) -> bool:
    """Whether a picture with one row of patches more goes through, with as many tokens more."""
    import torch

    higher = torch.cat([pixels, pixels[:, :, : found.patch[0]]], 2)
    rows, columns = found.grid(*higher.shape[-2:])
    try:
        with torch.no_grad():
            output = model(pixel_values=higher, output_hidden_states=True, return_dict=True)
    except Exception:  # each family refuses in its own way
        return False
    tokens = rows * columns + len(found.before) + len(found.after)
    return output.hidden_states[0].shape[1] == tokens
