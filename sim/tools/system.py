"""System packages that simulators need, and how to get them; standard library alone."""

import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import NamedTuple

OLDEST_PYTHON = (3, 11)
PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"

# Whether Python's shared library, which cocotb loads into a simulator, can be loaded here.
_LOAD_LIBPYTHON = """
import ctypes, os, sys, sysconfig
name = sysconfig.get_config_var("INSTSONAME") or ""
if ".so" not in name:
    name = "libpython{}.{}.so.1.0".format(*sys.version_info)
path = os.path.join(sysconfig.get_config_var("LIBDIR") or "", name)
ctypes.CDLL(path if os.path.exists(path) else name)
"""

class SystemTool(NamedTuple):
    """``package``: Debian's name; ``check``: succeeds where there is nothing to install."""

    package: str
    check: tuple[str, ...]


SYSTEM_TOOLS = (
    SystemTool("iverilog", ("iverilog", "-V")),
    SystemTool("g++", ("g++", "--version")),
    SystemTool("make", ("make", "--version")),
    # Debian's minimal perl-base has the program but not every module that Verilator's script uses.
    SystemTool("perl", ("perl", "-MPod::Usage", "-MGetopt::Long", "-MFindBin", "-e", "1")),
    # Verilator's wave writer includes these two headers.
    SystemTool("zlib1g-dev", ("g++", "-fsyntax-only", "-xc++", "-include", "zlib.h", "/dev/null")),
    SystemTool("liblz4-dev", ("g++", "-fsyntax-only", "-xc++", "-include", "lz4.h", "/dev/null")),
    SystemTool(f"libpython{PYTHON}", (sys.executable, "-c", _LOAD_LIBPYTHON)),
)


def works(command: Sequence[str]) -> bool:
    """Whether a command can be started and succeeds."""
    quiet = subprocess.DEVNULL
    try:
        return subprocess.call(command, stdin=quiet, stdout=quiet, stderr=quiet) == 0
    except OSError:
        return False


def install_hint(packages: Iterable[str]) -> str:
    names = " ".join(packages)
    if shutil.which("apt-get"):
        return f"sudo apt-get install {names}"
    return f"install what Debian calls {names}"
