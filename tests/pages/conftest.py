"""Pages are tested on thin models, unless a test asks for `real_models`."""

from __future__ import annotations

import pytest

import interp_core as ic


@pytest.fixture(scope="module", autouse=True)
def pages_have_thin_models(thin_models):
    """How a page behaves does not depend on what a network has learned."""


@pytest.fixture(scope="module")
def encoder(pages_have_thin_models):
    """The thin one, which the page reads too."""
    return ic.load_model("encoder")


@pytest.fixture(scope="module")
def sentiment(pages_have_thin_models):
    """The same of the classifier."""
    return ic.load_model("sentiment")
