"""Reference values of the model `photos`: what the package's own file gives for the sample photos.

    python -m tools.photo_reference

Needs, beside the app, `pip install onnx==1.23.2 onnxruntime==1.32.0` in an environment that may be
thrown away: neither the app nor its tests import them. The graph is run as it stands in the file;
its output is taken behind the last normalization of the backbone, where the package's own head
begins. Writes tests/recorded/photos.json: a sample of the tokens' vectors, the norms of all.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

import interp_core as ic
from interp_core.datasets import PHOTOS
from interp_core.inputs.images import encode_image
from interp_core.models.onnx_file import read_onnx
from interp_core.models.photos import MODEL

TARGET = Path(__file__).resolve().parents[1] / "tests" / "recorded" / "photos.json"
OUTPUT = "/backbone/layernorm/Add_1_output_0"
TOKENS = (0, 1, 16, 17, 100, 137, 200, 256)  # the class token, corners, and some between
EVERY = 12  # of the 384 numbers of a token


def same_weights(model: object) -> int:
    """The number of tensors; this project's reader and the package `onnx` read all alike."""
    from onnx.numpy_helper import to_array

    with read_onnx(MODEL.source()) as graph:
        for each in model.graph.initializer:
            assert np.array_equal(graph.tensors[each.name], to_array(each)), each.name
        assert len(graph.tensors) == len(model.graph.initializer)
        ours = [(node.kind, node.name, node.inputs) for node in graph.nodes]
        assert ours == [(n.op_type, n.name, tuple(n.input)) for n in model.graph.node]
        return len(graph.tensors)


def main() -> None:
    """Run the graph on each photo and write the sample."""
    import onnx
    import onnxruntime
    import torch

    graph = onnx.load(MODEL.source())
    print(f"{same_weights(graph)} tensors are read alike")
    graph.graph.output.append(onnx.helper.make_tensor_value_info(OUTPUT, 1, None))
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    model, found = ic.load_model("photos"), {}
    for name in PHOTOS:
        pixels = encode_image(model, ic.sample_photo(name)).inputs["pixel_values"].numpy()
        (states,) = session.run([OUTPUT], {"input_image": pixels})
        ours = model.model(pixel_values=torch.from_numpy(pixels)).last_hidden_state.numpy()
        print(f"{name}: differs by at most {np.abs(ours - states).max():.2g} of {states.max():.3g}")
        found[name] = {
            "pixels_mean": round(float(pixels.mean()), 6),
            "norms": np.linalg.norm(states[0].astype(float), axis=1).round(4).tolist(),
            "values": states[0][list(TOKENS), ::EVERY].astype(float).round(5).tolist(),
        }
    lines = [f"{json.dumps(name)}: {json.dumps(each)}" for name, each in found.items()]
    shape = {"tokens": TOKENS, "every": EVERY, "versions": f"onnxruntime {onnxruntime.__version__}"}
    TARGET.write_text(
        "{\n" + ",\n".join([f'"sample": {json.dumps(shape)}', *lines]) + "\n}\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
