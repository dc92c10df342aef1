"""What is handed to the solver: Verilog around the unit, and what each of its checks means."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from vit2rtl.golden.units.unit import Field


@dataclass(frozen=True)
class Harness:
    """Verilog of the module ``top``, a wire ``check_NAME`` for each of ``checks``.

    checks   name -> what it means
    unclear  why nothing can be tried, as a rule empty
    free     products of the unit are any numbers: multipliers go, and their nets become inputs
    """

    top: str
    text: str
    checks: Mapping[str, str]
    unclear: str = ""
    free: bool = False


def ports(fields: Iterable[Field]) -> str:
    """Inputs of a harness, each behind a comma."""
    return "".join(f", input [{f.width - 1}:0] {f.name}" for f in fields)


def pins(fields: Iterable[Field]) -> str:
    """Connections by name, each behind a comma."""
    return "".join(f", .{f.name}({f.name})" for f in fields)


def slices(signal: str, fields: Iterable[Field], low: int) -> list[str]:
    """Connections of an element's fields with a signal's bits from ``low`` up."""
    connections = []
    for field in fields:
        connections.append(f".{field.name}({signal}[{low} +: {field.width}])")
        low += field.width
    return connections
