"""Fixtures that all tests share. Nothing here may reach the network."""

from __future__ import annotations

import os
from functools import cache

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["HF_HUB_OFFLINE"] = "1"
os.environ["TOKENIZERS_PARALLELISM"] = "false"

import pytest


@pytest.fixture(scope="session")
def encoder():
    """The embedded MiniLM encoder."""
    import interp_core as ic

    return ic.load_model("encoder")


@pytest.fixture(scope="session")
def sentiment():
    """The embedded sentiment classifier."""
    import interp_core as ic

    return ic.load_model("sentiment")


@pytest.fixture(scope="session")
def tiny(tmp_path_factory):
    """`tiny("gpt2")`: the folder of a tiny random model of that family, built once."""
    from tests.tiny import build

    return cache(lambda family: build(family, tmp_path_factory.mktemp("tiny") / family))


@pytest.fixture(scope="session")
def tiny_model(tiny):
    """`tiny_model("gpt2")`: the same, loaded by Clearhead once."""
    import interp_core as ic

    return cache(lambda family: ic.load_model(str(tiny(family))))
