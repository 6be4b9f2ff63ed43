"""Figures made by hand, for tests of what is done with them."""

from __future__ import annotations

from typing import Any

import pandas as pd

from interp_core.report import numbers
from interp_core.report.record import SVG, Figure

TABLE = pd.DataFrame({"word": ["not", "bad"], "score": [-0.25, 0.5]})
DRAWING = (
    b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9z"/></svg>'
)
SCRIPT = (
    "import interp_core as ic\n"
    "import pandas as pd\n"
    "table = pd.DataFrame({'word': ['not', 'bad'], 'score': [-0.25, 0.5]})"
)

DRAWS = (
    "import interp_core as ic\n"
    "import numpy as np\n"
    "import pandas as pd\n"
    "table = pd.DataFrame({'word': ['not', 'bad'], 'score': [-0.25, 0.5]})\n"
    "maps = ic.maps_from([np.full((1, 1, 2, 2), 0.5)], ['not', '<bad>'])\n"
    "chart = maps.chart('heatmap')"
)


def figure(**changed: Any) -> Figure:
    """A figure, with some parts as told."""
    parts: dict[str, Any] = {
        "title": "Scores of the words",
        "alt": "Two bars: not −0.25, bad +0.50.",
        "picture": DRAWING,
        "kind": SVG,
        "numbers": numbers.kept(TABLE),
        "rows": len(TABLE),
        "script": SCRIPT,
        "page": "Word attributions",
        "link": "/word_attributions?model=sentiment&text=not+bad",
        "text": "not bad",
        "options": {"method": "Integrated gradients"},
        "models": {},
        "versions": {"clearhead": "0.1.0"},
        "made": "2026-01-02T03:04:05",
    }
    return Figure(**{**parts, **changed})
