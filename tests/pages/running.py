"""A page in Streamlit's test harness: open it, and read what it says and draws."""

from __future__ import annotations

import json
import re
from pathlib import Path

from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 300  # seconds


def run(page: str, **state: object) -> AppTest:
    """The page, opened with these choices made."""
    app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    for key, value in state.items():
        app.session_state[key] = value
    return app.switch_page(f"pages/{page}.py").run()


def reopened(app: AppTest, page: str) -> AppTest:
    """The address of this page in a session of its own."""
    other = AppTest.from_file(str(ROOT / "app.py"), default_timeout=TIMEOUT)
    other.switch_page(f"pages/{page}.py")
    other.query_params = dict(app.query_params)
    other._run(WidgetStates())
    return other


def words(app: AppTest) -> str:
    """Everything that it says, as Markdown."""
    parts = [
        *app.title,
        *app.markdown,
        *app.caption,
        *app.metric,
        *app.info,
        *app.warning,
        *app.error,
    ]
    return "\n".join(str(part.value) for part in parts).replace("−", "-")


def shows(text: str, value: float, form: str) -> bool:
    """Whether a text is a computed number in this form, either way where it is nearly half way."""
    return text.replace("−", "-") in {form.format(value * (1 + each)) for each in (0, -1e-4, 1e-4)}


def charts(app: AppTest) -> list[dict]:
    """The specifications of its charts."""
    return [json.loads(each.proto.spec) for each in app.get("vega_lite_chart")]


def clicked(app: AppTest, key: str, selection: dict) -> AppTest:
    """The page after the chart `key` has reported this selection."""
    node = next(each for each in app.get("vega_lite_chart") if key in each.proto.id)
    states = WidgetStates()
    states.widgets.add(id=node.proto.id, string_value=json.dumps({"selection": selection}))
    app._run(states)
    return app


def undefined(app: AppTest) -> list[str]:
    """What it says, shows on hover or reads out that is nan or inf, and charts that hold such."""
    said = [*words(app).splitlines(), *(str(each.proto.delta) for each in app.metric)]
    said += [str(each.proto.help) for each in app.metric]
    drawn = app.get("vega_lite_chart")
    said += [str(each.proto.alt) for each in drawn]
    said += [each.proto.spec for each in drawn if re.search(r"\b(NaN|Infinity)\b", each.proto.spec)]
    return [each for each in said if re.search(r"(?<![\w`])[+-]?(nan|inf|NaN|Infinity)\b", each)]
