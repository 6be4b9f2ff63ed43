"""Run a notebook in this process: a kernel's start would be most of the time.

That a kernel runs them, too, is tested with the project's own notebooks and from the wheel.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import nbformat
import pytest
from IPython.core.displayhook import CapturingDisplayHook
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config


@contextmanager
def _shell() -> Iterator[InteractiveShell]:
    quiet = Config({"HistoryManager": {"enabled": False}})
    shell = InteractiveShell.instance(config=quiet)
    try:
        yield shell
    finally:
        shell.restore_sys_module_state()
        InteractiveShell.clear_instance()


def run_here(book: nbformat.NotebookNode) -> tuple[str, list[dict]]:
    """All that it prints, and the data of all that it shows; the first error is raised."""
    import interp_core as ic

    told, shown = "", []
    with pytest.MonkeyPatch.context() as patch, _shell() as shell:
        patch.setattr(ic, "load_model", ic.load_model)  # the notebook replaces it
        for cell in (cell for cell in book.cells if cell.cell_type == "code"):
            with capture_output() as kept:
                shell.display_trap.hook = CapturingDisplayHook(shell, shell.display_pub.outputs)
                result = shell.run_cell(cell.source)
            result.raise_error()
            told += kept.stdout
            shown += [each.data for each in kept.outputs]
    return told, shown
