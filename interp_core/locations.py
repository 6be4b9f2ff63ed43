"""Where the app's files lie: in the repository beside the package, once installed inside it."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
INSTALLED = PACKAGE / "_app"
IS_INSTALLED = INSTALLED.is_dir()

# The folder of `app.py`, `pages/`, `.streamlit/` and `requirements-models.txt`.
APP = INSTALLED if IS_INSTALLED else PACKAGE.parent
# Where whoever runs the app may put `clearhead.toml` and `lessons/`: beside `app.py`; for an
# installed package, whose folders are nobody's place for files, where the command was started.
OWN = Path.cwd() if IS_INSTALLED else APP
