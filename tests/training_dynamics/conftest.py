"""A training of a tiny model: four checkpoints in a folder as the Trainer writes them."""

from __future__ import annotations

import gc
import json
from shutil import copytree

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

STEPS = (0, 100, 500, 1000)  # sorted by name, 1000 would stand before 500
TEXTS = ("a strange model", "the unhappiest actors", "what was there", "it was doing it again")


def write_checkpoint(source, folder, step, moved):
    """A copy of a model folder whose layer 1 and classifier are scaled by 1 + `moved`."""
    copytree(source, folder)
    path = folder / "model.safetensors"
    tensors = load_file(path)
    for name, value in tensors.items():
        if ".layer.1." in name or name.startswith("classifier"):
            tensors[name] = (value * (1 + moved)).contiguous()
    save_file(tensors, path, metadata={"format": "pt"})
    history = [{"step": each, "epoch": each / 500, "loss": 1 / (1 + each)} for each in STEPS]
    history = [line for line in history if line["step"] <= step]
    state = {"global_step": step, "epoch": step / 500, "log_history": history}
    (folder / "trainer_state.json").write_text(json.dumps(state))


@pytest.fixture(scope="session")
def training(tiny, tmp_path_factory):
    """The folder; each checkpoint's layer 1 is 0, 1, 5 and 10 per cent larger than at the start."""
    top = tmp_path_factory.mktemp("training")
    for step in STEPS:
        write_checkpoint(tiny("bert-2-labels"), top / f"checkpoint-{step}", step, step / 10_000)
    (top / "runs").mkdir()
    return top


@pytest.fixture(scope="session")
def texts():
    """Labelled texts, half of each class: a training sample and held-out ones."""
    labels = ["class 0", "class 1"] * 2
    train = pd.DataFrame({"text": TEXTS, "label": labels})
    return train, train.assign(text=[f"{text} there" for text in TEXTS])


@pytest.fixture
def one_thread():
    """Few tokens are quicker on one thread."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module", autouse=True)
def collections_are_short():
    """After each checkpoint the garbage is collected; what was imported before is passed over."""
    gc.freeze()
