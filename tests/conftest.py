"""Fixtures that all tests share. Nothing here may reach the network."""

from __future__ import annotations

import os

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
