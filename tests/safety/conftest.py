"""What tests of safety share."""

from __future__ import annotations

import time
import urllib.request
from types import SimpleNamespace

import pytest

from interp_core.ui.widgets import downloads
from tests.safety.offers import SECRET
from tests.safety.visitor import visit
from tests.tiny import GPT2, GPT_ENDS, SMALL, write
from tests.tiny_tokenizers import byte_level
from tools.browser import running

LONG = {"max_position_embeddings": 512}


@pytest.fixture
def offered(monkeypatch):
    """All downloads that a page offers: (file name, MIME type, maker)."""
    found: list[tuple] = []
    buttons = downloads.buttons

    def noted(offers, *, key):
        found.extend(offers.values())
        return buttons(offers, key=key)

    monkeypatch.setattr(downloads, "buttons", noted)
    for closed in ("section", "_quiet"):  # both fill what they hold when it is opened
        monkeypatch.setattr(downloads, closed, lambda title, icon, draw: draw())
    return found


@pytest.fixture(scope="session")
def small(tmp_path_factory):
    """The folders of two small random classifiers with labels and tokens of the built-in one."""
    from transformers import AutoTokenizer, BertConfig, BertForSequenceClassification

    from interp_core.models.bundled_models import backbone_folder

    tokenizer = AutoTokenizer.from_pretrained(backbone_folder())
    labels = {0: "negative", 1: "positive"}
    config = BertConfig(vocab_size=len(tokenizer), id2label=labels, **{**SMALL, **LONG})
    folder = tmp_path_factory.mktemp("small")
    return [
        str(write(lambda: BertForSequenceClassification(config), tokenizer, folder / name, seed))
        for seed, name in enumerate(("one", "other"))
    ]


@pytest.fixture(scope="session")
def small_writer(tmp_path_factory):
    """The folder of a small random language model that takes longer texts."""
    from transformers import GPT2Config, GPT2LMHeadModel

    tokenizer = byte_level()
    config = GPT2Config(vocab_size=len(tokenizer), **{**GPT2, **GPT_ENDS, "n_positions": 512})
    folder = tmp_path_factory.mktemp("small") / "writer"
    return str(write(lambda: GPT2LMHeadModel(config), tokenizer, folder))


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """A real shared server, left alone until the front page is ready, then visited by two people.

    What it told them, and the server, which goes on for those who come after them.
    """
    folder, asked = tmp_path_factory.mktemp("served"), SimpleNamespace()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CLEARHEAD_SHARED", "1")
        patch.setenv("CLEARHEAD_LOG", "info")
        with running(folder) as server:

            def told(address: str) -> str:
                with urllib.request.urlopen(
                    f"{server.url}/_stcore/{address}", timeout=60
                ) as answer:
                    assert answer.status == 200
                    return answer.read().decode()

            patch.undo()  # the server has them; other tests of the process go without
            asked.server = server
            asked.health = told("health")  # while the page is made ready
            log = folder / "server.log"
            while "warm start" not in log.read_text():
                time.sleep(0.1)  # until the test's own time limit
            asked.before = told("metrics")
            asked.first = visit(server.url, "")
            asked.between = told("metrics")
            asked.mine = visit(server.url, f"?text=The+{SECRET}+is+good.")
            asked.other = visit(server.url, "")
            asked.after = told("metrics")
            while (seen := log.read_text()).count('"event": "page"') < 3:
                time.sleep(0.1)  # a page may be logged just after it has been sent
            asked.log = seen
            yield asked
