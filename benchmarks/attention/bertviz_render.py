"""Writes BertViz's model view and head view as pages. Runs in BertViz's own environment.

    python bertviz_render.py MAPS.npz OUTPUT_FOLDER

MAPS.npz holds `weights` (layers, heads, query, key) and `tokens`. The libraries that BertViz loads
from a content network are asked for at /libs/ instead.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

import numpy as np
import torch
from bertviz import head_view, model_view

NETWORK = re.compile(r"https://[\w.]+/ajax/libs/")
PAGE = '<!doctype html><html><head><meta charset="utf-8"><title>{}</title></head><body>\n'


def main(maps: str, folder: str) -> None:
    """Write `model_view.html` and `head_view.html`."""
    with np.load(maps) as archive:
        tokens = [str(token) for token in archive["tokens"]]
        attention = tuple(torch.from_numpy(layer)[None] for layer in archive["weights"])
    for view in (model_view, head_view):
        html = view(attention, tokens, html_action="return").data
        with (Path(folder) / f"{view.__name__}.html").open("w", encoding="utf-8") as page:
            page.write(PAGE.format(view.__name__))
            page.write(NETWORK.sub("/libs/", html))
            page.write("</body></html>\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
