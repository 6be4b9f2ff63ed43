"""Writing measured facts into a model's card."""

import json
from pathlib import Path
from typing import Any


def update_card(folder: Path, **facts: Any) -> None:
    """Replace facts in `folder/card.json`, which is made when it is missing; order is kept."""
    path = folder / "card.json"
    card = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    card |= facts
    path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
