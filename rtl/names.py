"""Names of signals on Python 3.13 and newer, where Amaranth 0.5 does not find all of them.

A signal is called what the variable is called that it is assigned to, which Amaranth reads from the
bytecode behind the call. There, two steps that follow one another may be one: to keep a local
variable, and to load or keep the next. The same design has the same Verilog on every Python.
"""

import sys
from opcode import opname
from typing import Any

from amaranth import tracer

# Both have the first variable's place in the upper four bits of their argument.
_PAIRS = ("STORE_FAST_LOAD_FAST", "STORE_FAST_STORE_FAST")
_SKIPPED = ("CACHE", "COPY")
_NONE = object()
_found = tracer.get_var_name


def get_var_name(depth: int = 2, default: Any = _NONE) -> Any:
    """As Amaranth's, and of pairs of steps, too."""
    name = _found(depth + 1, None)
    if name is not None:
        return name
    frame = sys._getframe(depth)
    code, index = frame.f_code, frame.f_lasti + 2
    while opname[code.co_code[index]] in _SKIPPED:
        index += 2
    if opname[code.co_code[index]] in _PAIRS:
        return code.co_varnames[code.co_code[index + 1] >> 4]
    if default is _NONE:
        raise tracer.NameNotFound
    return default


def install() -> None:
    """For all that is elaborated from here on."""
    if sys.version_info >= (3, 13):
        tracer.get_var_name = get_var_name
