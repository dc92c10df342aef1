"""Sets the project up: virtual environment, pinned packages, the simulators' system packages.

`make setup` runs it (``python3 -m tools.bootstrap``) with the system's Python and nothing but the
standard library. It does only what is missing; what it may not install itself, it names in one
line.
"""

import fcntl
import hashlib
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

# A module of the product that needs nothing installed; from the checkout, by its folder.
from sim.tools.system import (
    OLDEST_PYTHON,
    PYTHON,
    SYSTEM_TOOLS,
    SystemTool,
    install_hint,
    works,
)

ROOT = Path(__file__).resolve().parent.parent
INPUTS = ("pyproject.toml", "constraints.txt", "sim/tools/system.py", "tools/bootstrap.py",
          "tools/torchvision_hook.py")
HOOK, HOOK_MODULE = "tools/torchvision_hook.py", "vit2rtl_torchvision"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"
OPTION = "VIT2RTL_TORCH"
REACH_SECONDS = 5
BROWSERS = ("chromium", "chromium-browser", "google-chrome")  # any of these can show a report
# What only the tests need.
TEST_TOOLS = (
    SystemTool("tcl", ("tclsh", os.devnull)),
    SystemTool("chromium", ("sh", "-c", " || ".join(f"command -v {name}" for name in BROWSERS))),
)
# For the tests on a SLURM of their own, which run as root alone: in containers, on no laptop.
CLUSTER_TOOLS = (
    SystemTool("slurm-wlm", ("sh", "-c", "PATH=$PATH:/usr/sbin; " + " && ".join(
        f"command -v {name}" for name in ("slurmctld", "slurmd", "sbatch")))),
    SystemTool("munge", ("sh", "-c", "PATH=$PATH:/usr/sbin; command -v munged")),
)
VENV_TOOL = SystemTool(f"python{PYTHON}-venv", (sys.executable, "-c", "import ensurepip, venv"))


class SetupError(Exception):
    """What went wrong and what to do, in one line."""


def check_python(version: Sequence[int]) -> None:
    """Raise :class:`SetupError` if this Python, ``(major, minor, ...)``, is too old."""
    if tuple(version[:2]) < OLDEST_PYTHON:
        found = ".".join(str(part) for part in version[:3])
        raise SetupError(
            f"Python 3.11 or later is needed, this is {found}: "
            "name a newer one, such as `make setup PYTHON=python3.12`"
        )


def apt_prefix(euid: int) -> list[str] | None:
    """How to call apt-get: a list to put before it, or None where we may not install."""
    if not works(["apt-get", "--version"]):
        return None
    if euid == 0:
        return []
    return ["sudo", "-n"] if works(["sudo", "-n", "true"]) else None


def apt_commands(packages: list[str], prefix: list[str]) -> list[list[str]]:
    """``[update, install, install, ...]``: all packages at once, then each one by itself.

    The single ones are for when apt-get knows one of the names not and therefore refuses all.
    """
    apt = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-q"]
    lock = ["-o", "DPkg::Lock::Timeout=120"]
    install = [*apt, *lock, "install", "-y", "--no-install-recommends"]
    singles = [[*install, package] for package in packages] if len(packages) > 1 else []
    return [[*apt, *lock, "update"], [*install, *packages], *singles]


def cpu_index(environment: Mapping[str, str]) -> str | None:
    """Where torch's builds without CUDA are, or None: PyPI's build for Linux needs gigabytes more.

    None with a GPU, off Linux, where ``VIT2RTL_TORCH`` is ``default``, and where the index cannot
    be reached: then pip takes what its own index has.
    """
    if environment.get(OPTION) == "default" or not sys.platform.startswith("linux"):
        return None
    if works(["nvidia-smi", "-L"]) or not reachable(f"{CPU_INDEX}/torch/"):
        return None
    return CPU_INDEX


def reachable(url: str) -> bool:
    """Whether a page answers within a few seconds."""
    try:
        with urllib.request.urlopen(url, timeout=REACH_SECONDS):
            return True
    except (OSError, ValueError):
        return False


def pip_commands(python: str, index: str | None = None) -> list[tuple[str, list[str]]]:
    """``[(what, command)]``: torch first, so that nothing pulls in a newer or a CUDA build.

    torchvision comes without its dependencies: its wheel asks for a torch of its own choice.

    index   of torch's CPU builds, whose versions end in ``+cpu`` and which pip prefers for it
    """
    install = [python, "-m", "pip", "install", "--no-input", "--disable-pip-version-check"]
    install += ["-c", "constraints.txt"]
    torch = [*install, "--extra-index-url", index] if index else install
    return [
        ("torch", [*torch, "torch", "setuptools"]),
        ("torchvision", [*torch, "--no-deps", "torchvision"]),
        ("the project and its tools", [*install, "-e", ".[dev]"]),
    ]


def digest(root: Path) -> str:
    """Hash of the files that decide what is installed, and of where (editable: the path)."""
    hashed = hashlib.sha256(str(root).encode())
    for name in INPUTS:
        hashed.update((root / name).read_bytes())
    return hashed.hexdigest()


def missing(tools: Iterable[SystemTool]) -> list[str]:
    """The Debian packages of those tools whose check fails."""
    return [tool.package for tool in tools if not works(tool.check)]


class Setup:
    """One run of the set-up in ``root``; ``log`` is an open file that takes all output."""

    def __init__(self, root: Path, log: TextIO) -> None:
        self.root = root
        self.log = log
        self.venv = root / ".venv"
        self.python = str(self.venv / "bin" / "python")
        self.stamp = self.venv / "setup.stamp"

    def run(self) -> None:
        has_venv = self.is_current() or works([self.python, "-m", "pip", "--version"])
        tools = (*SYSTEM_TOOLS, *TEST_TOOLS, *(CLUSTER_TOOLS if os.geteuid() == 0 else ()))
        lacking = self.system_tools(tools if has_venv else (VENV_TOOL, *tools))
        if VENV_TOOL.package in lacking:
            raise SetupError(f"Python's venv module is incomplete: {install_hint(lacking)}")
        if not has_venv:
            self.virtual_environment()
        if not self.is_current():
            self.packages()
        if lacking:
            say(f"simulators or tests lack packages: {install_hint(lacking)}")

    def is_current(self) -> bool:
        return (
            self.stamp.exists()
            and self.stamp.read_text() == digest(self.root)
            and works([self.python, "-c", ""])
        )

    def system_tools(self, tools: Iterable[SystemTool]) -> list[str]:
        """Install what is missing of these; returns the packages that are still missing."""
        packages = missing(tools)
        prefix = apt_prefix(os.geteuid()) if packages else None
        if prefix is None:
            return packages
        say(f"installing with apt-get: {' '.join(packages)}")
        update, *installs = apt_commands(packages, prefix)
        self.call(update)  # a broken third-party list need not concern us
        if self.call(installs[0]) != 0:
            for install in installs[1:]:
                self.call(install)
        return missing(tools)

    def virtual_environment(self) -> None:
        say(f"creating .venv with Python {PYTHON}")
        if self.call([sys.executable, "-m", "venv", "--clear", str(self.venv)]) != 0:
            raise SetupError(f"the virtual environment was not created: see {self.log.name}")

    def packages(self) -> None:
        self.stamp.unlink(missing_ok=True)
        index = cpu_index(os.environ)
        if index:
            say(f"torch without CUDA from {index} ({OPTION}=default takes PyPI's build)")
            say("downloads of about 0.7 GB, 2.3 GB in .venv")
        else:
            say("torch as pip's own index has it; downloads of 0.7 GB or, with CUDA, 3 GB")
        commands = pip_commands(self.python, index)
        for step, (what, command) in enumerate(commands, start=1):
            say(f"[{step}/{len(commands)}] installing {what}")
            if self.call(command, shown=sys.stdout.isatty()) != 0:
                raise SetupError(f"pip could not install {what}: see {self.log.name}")
        if not works([self.python, "-c", "import torchvision"]):
            self.declare_operators()
        self.stamp.write_text(digest(self.root))
        say("done")

    def declare_operators(self) -> None:
        """Let scripts import timm beside a torchvision that was compiled for another torch."""
        say("torchvision is of another build than torch: its operators are declared for timm")
        for packages in self.venv.glob("lib/python*/site-packages"):
            hook = (self.root / HOOK).read_text(encoding="utf-8")
            (packages / f"{HOOK_MODULE}.py").write_text(hook, encoding="utf-8")
            (packages / f"{HOOK_MODULE}.pth").write_text(
                f"import {HOOK_MODULE}; {HOOK_MODULE}.install()\n", encoding="utf-8")

    def call(self, command: list[str], *, shown: bool = False) -> int:
        """Run a command, its output into the log, or to the terminal; returns its exit status."""
        print("$", *command, file=self.log, flush=True)
        # A user's PYTHONPATH or `pip --user` default must not leak into the environment.
        environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "PYTHONHOME")}
        environment["PIP_USER"] = "0"
        return subprocess.call(
            command,
            cwd=self.root,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=None if shown else self.log,
            stderr=None if shown else self.log,
        )


def lock(file: TextIO) -> None:
    """Wait until nobody else sets the same checkout up: two terminals may call make at once."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("waiting for another set-up of this checkout to end")
        fcntl.flock(file, fcntl.LOCK_EX)


def say(line: str) -> None:
    print(f"setup: {line}", flush=True)


def main() -> int:
    try:
        check_python(sys.version_info)
        path = ROOT / "out" / "setup.log"
        path.parent.mkdir(exist_ok=True)
        with open(path, "a", encoding="utf-8") as log:
            lock(log)
            Setup(ROOT, log).run()
    except (SetupError, OSError) as error:
        say(str(error))
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
