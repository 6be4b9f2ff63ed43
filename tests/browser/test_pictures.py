"""The pictures of the guide and README.md show the app as it is."""

from __future__ import annotations

import json
import re

import pytest

from tools.browser import PATIENCE, ROOT
from tools.screenshots import FOLDER, SHOTS, WORDS, visit, words

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def page(windows):
    opened = windows(1440, "light").new_page()
    opened.set_default_timeout(PATIENCE)
    yield opened
    opened.close()


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
def test_a_picture_is_as_new_as_its_page(server, page, shot):
    visit(page, server, shot, smaller=True)
    said = json.loads(WORDS.read_text(encoding="utf-8"))[shot.name]
    assert words(page) == said, "the page has changed: run `make screenshots`"
    assert (FOLDER / f"{shot.name}.png").is_file()


def test_the_guide_shows_each_picture():
    guide = (ROOT / "docs/guide.md").read_text() + (ROOT / "README.md").read_text()
    shown = set(re.findall(r"pictures/(\w+)\.png", guide))
    assert shown == {shot.name for shot in SHOTS}
