"""The wheel, installed outside of the repository: the command, the app, a corpus and a notebook.

The environment finds its libraries where the tests' own are; the package it has from the wheel
alone. Connections to other machines are forbidden.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import zipfile
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from interp_core.version import __version__
from tests.safety.visitor import visit
from tools import browser

ROOT = Path(__file__).resolve().parents[2]
# Of another app, in the folder where the command is started.
FOREIGN = '[theme.light]\nprimaryColor = "#ff0000"\n'
CELLS = (
    "import interp_core as ic\nmodel = ic.load_model('sentiment')\nic.__file__",
    "maps = ic.attention_maps(model, 'The plot is <b>not</b> bad.')\nic.head_view(maps)",
    "ic.heatmap(maps, 3, 4)",
    "ic.attribute(model, 'The plot is not bad.')",
)


@dataclass(frozen=True)
class Installed:
    """An environment with the wheel, an empty home, and the folder where commands are started."""

    folder: Path
    site: Path

    @property
    def python(self) -> str:
        return str(self.folder / "env" / "bin" / "python")

    @property
    def environment(self) -> dict[str, str]:
        home = str(self.folder / "home")
        return {"HOME": home, "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "OMP_NUM_THREADS": "1"}

    def start(self, *arguments: object) -> subprocess.Popen:
        return subprocess.Popen(
            [self.folder / "env" / "bin" / "clearhead", *map(str, arguments)],
            cwd=self.folder / "work",
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: object) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=240)
        return process.returncode, out, err


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built as a release is: a source archive, and the wheel from that."""
    out = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    (found,) = out.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    folder = tmp_path_factory.mktemp("elsewhere")
    for name in ("home", "work/.streamlit"):
        (folder / name).mkdir(parents=True)
    (folder / "work/.streamlit/config.toml").write_text(FOREIGN, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "env"], check=True)
    (site,) = (folder / "env" / "lib").glob("python*/site-packages")
    found = Installed(folder, site)
    pip = [sys.executable, "-m", "pip", "--python", found.python, "install", "--quiet"]
    subprocess.run([*pip, "--no-index", "--no-deps", wheel], check=True)
    places = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (site / "libraries.pth").write_text("\n".join(sorted(places)), encoding="utf-8")
    log = folder / "forbidden.txt"
    log.touch()
    (site / "sitecustomize.py").write_text(browser.FORBID.format(log=str(log)), encoding="utf-8")
    yield found
    assert log.read_text(encoding="utf-8") == ""


@pytest.fixture(scope="module")
def server(installed):
    """The app as the command starts it; it gets ready while the other tests run."""
    port = browser.free_port()
    process = installed.start("--port", port, "--model", "pos")
    yield f"http://127.0.0.1:{port}", process
    process.terminate()
    process.wait(30)


def test_it_holds_the_app_and_the_data_and_no_more(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert wheel.stat().st_size < 15 * 2**20
    inside = {
        name.removeprefix("interp_core/") for name in names if name.startswith("interp_core/")
    }
    tracked = subprocess.run(
        ["git", "ls-files", "interp_core"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.splitlines()
    assert {name.removeprefix("interp_core/") for name in tracked} <= inside
    pages = {f"_app/pages/{path.name}" for path in (ROOT / "pages").glob("*.py")}
    assert {"_app/app.py", "_app/.streamlit/config.toml", "py.typed", *pages} <= inside
    assert {name.split("/")[0] for name in names} == {
        "interp_core",
        f"clearhead-{__version__}.dist-info",
    }
    unwanted = ("tests/", "training/", "benchmarks/", "__pycache__", ".pyc", ".parquet")
    assert not [name for name in names if any(each in name for each in unwanted)]


def test_the_command_is_there_and_knows_its_version(server, installed):
    assert installed.run("--version") == (0, f"clearhead {__version__}\n", "")
    code, out, _ = installed.run("--help")
    assert code == 0
    assert "clearhead corpus --sample" in out
    assert installed.run("--port", "x")[0] == 2


def test_it_reads_the_sample_and_prints_json_alone(installed):
    code, out, err = installed.run("corpus", "--sample", "--limit", "8", "--json")
    assert code == 0, err
    told = json.loads(out)
    assert (told["texts"], told["file"], len(told["heads"])) == (8, None, 6 * 12)
    assert "8 texts" in err


def test_a_notebook_draws_three_pictures(installed, monkeypatch):
    kernel = installed.folder / "kernels" / "elsewhere"
    kernel.mkdir(parents=True)
    said = {
        "argv": [installed.python, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "elsewhere",
        "language": "python",
        "env": {**installed.environment, "PYTHONPATH": ""},
    }
    (kernel / "kernel.json").write_text(json.dumps(said), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(installed.folder))
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(each) for each in CELLS])
    place = {"metadata": {"path": str(installed.folder / "work")}}
    NotebookClient(book, timeout=240, kernel_name="elsewhere", resources=place).execute()
    shown = [cell.outputs[-1]["data"] for cell in book.cells]
    assert str(installed.site) in shown[0]["text/plain"]
    for each in shown[1:]:
        assert "vegaEmbed" in each["text/html"]
        assert "<b>not</b>" not in each["text/html"]


def test_the_app_starts_and_a_link_opens_its_page(server, installed):
    url, process = server
    browser.wait_until_healthy(f"{url}/_stcore/health", process)
    shown = visit(
        url, "text=The plot is not bad.&view=heatmap", page="attention_heads", seconds=240
    )
    assert "Attention heads" in shown
    assert not [each for each in ("Unexpected error", "Traceback", "exception {") if each in shown]
    assert "#1f5fbf" in shown  # the theme of the app's own settings
    assert "#ff0000" not in shown
    assert [each.name for each in (installed.folder / "work").iterdir()] == [".streamlit"]
    process.terminate()
    out, _ = process.communicate(timeout=30)
    assert f"Begin with: http://localhost:{url.rpartition(':')[2]}/?model=pos&start=1" in out
