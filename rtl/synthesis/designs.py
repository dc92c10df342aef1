"""What can be synthesized: the registry's units, and the designs that they are compared with."""

import re
from dataclasses import dataclass
from functools import cached_property

from amaranth.back.verilog import convert as to_verilog
from amaranth.lib import wiring

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.stream.ports import signature
from vit2rtl.rtl.synthesis.digest import digest
from vit2rtl.rtl.synthesis.harness import harness
from vit2rtl.rtl.synthesis.references import registry
from vit2rtl.rtl.verilog.exporter import convert

# Elements of an array, `\code[3] `: yosys gives such names to the array's bits, too.
_ELEMENT = re.compile(r"\\[\w$]+\[\S* ")


@dataclass(frozen=True)
class Design:
    """A Verilog module: a unit of the registry as its users get it, or a reference.

    ``source`` is its name, the unit's or the reference's; ``instance`` has the parameters, None for
    a reference that has none.
    """

    source: str
    instance: Instance | None

    @property
    def name(self) -> str:
        """Of the module."""
        if self.instance is None:
            return self.source
        return self.instance.name.replace(self.instance.unit.name, self.source, 1)

    @property
    def unit(self) -> str | None:
        """The registry's name of the unit whose parameters it has; None for a design of none."""
        return unit_of(self.source)

    @property
    def parameters(self) -> dict[str, int | str]:
        return {} if self.instance is None else dict(self.instance.parameters)

    @cached_property
    def signature(self) -> wiring.Signature:
        """Its ports, besides ``clk`` and ``rst``."""
        if self.instance is None:
            return registry.designs()[self.source].component.ports()
        return signature(self.instance)

    @cached_property
    def verilog(self) -> str:
        if self.instance is not None and self.source == self.instance.unit.name:
            return convert(self.instance)[f"{self.name}.v"]
        text = to_verilog(
            registry.designs()[self.source].component(**self.parameters),
            name=self.name, emit_src=False, strip_internal_attrs=True,
        )
        return _ELEMENT.sub(lambda name: name[0].replace("[", "__").replace("]", ""), text)

    @property
    def digest(self) -> str:
        return digest(self.verilog)

    @property
    def harness(self) -> str:
        """Verilog of the module around it for place and route."""
        return harness(self.name, self.signature)


def sources() -> list[str]:
    """Names of all that can be synthesized, units first."""
    return [*UNITS, *registry.designs()]


def unit_of(source: str) -> str | None:
    """The registry's name of the unit whose parameters a source has; None for one without."""
    return source if source in UNITS else registry.designs()[source].unit


def design(source: str, **parameters: int | str) -> Design:
    """The design of a name; errors name it, or the parameter that is wrong.

    source      one of :func:`sources`
    parameters  of the unit; a reference of no unit has none
    """
    if source not in sources():
        raise ValueError(f"Design must be one of {', '.join(sources())}, not {source!r}")
    unit = unit_of(source)
    if unit is not None:
        return Design(source, Instance.of(unit, **parameters))
    if parameters:
        raise ValueError(f"{source} has no parameter {next(iter(parameters))!r}; it has none")
    return Design(source, None)
