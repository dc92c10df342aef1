"""What can be synthesized: the registry's units, and the designs that they are compared with."""

import hashlib
from dataclasses import dataclass
from functools import cached_property

from amaranth.back.verilog import convert as to_verilog

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.stream.ports import signature
from vit2rtl.rtl.synthesis.references import mac as references_mac
from vit2rtl.rtl.synthesis.references import units as references
from vit2rtl.rtl.verilog.exporter import convert

# name -> component: of a unit, with its parameters, or a MAC lane, without any.
REFERENCES = {
    "log2_dequantizer_rom": references.RomDequantizer,
    "log_sqrt2_quantizer_parallel": references.ParallelQuantizer,
    "requantizer_direct": references.DirectRequantizer,
    "mac_multiply": references_mac.MultiplyMac,
    "mac_rom_multiply": references_mac.RomMultiplyMac,
    "mac_parity_split": references_mac.ParitySplitMac,
}


@dataclass(frozen=True)
class Design:
    """A Verilog module: a unit of the registry as its users get it, or a reference.

    ``source`` is its name in ``UNITS`` or ``REFERENCES``; ``instance`` has the parameters, None for
    a MAC lane, which has none.
    """

    source: str
    instance: Instance | None

    @property
    def name(self):
        """Of the module."""
        if self.instance is None:
            return self.source
        return self.instance.name.replace(self.instance.unit.name, self.source, 1)

    @property
    def parameters(self):
        return {} if self.instance is None else dict(self.instance.parameters)

    @cached_property
    def signature(self):
        """Its ports, besides ``clk`` and ``rst``."""
        return signature(self.instance) if self.instance else REFERENCES[self.source].ports()

    @cached_property
    def verilog(self):
        if self.source in UNITS:
            return convert(self.instance)[f"{self.name}.v"]
        return to_verilog(
            REFERENCES[self.source](**self.parameters),
            name=self.name, emit_src=False, strip_internal_attrs=True,
        )

    @property
    def digest(self):
        """First 16 hex digits of the SHA-256 of the Verilog, comments at line starts left out."""
        lines = self.verilog.splitlines()
        text = "\n".join(line for line in lines if not line.startswith(("//", "/*")))
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def unit_of(source):
    """The registry's name of the unit whose parameters a source has; None for one without."""
    return source if source in UNITS else getattr(REFERENCES[source], "unit", None)


def design(source, **parameters):
    """The design of a name; errors name it, or the parameter that is wrong.

    source      a name in ``UNITS`` or ``REFERENCES``
    parameters  of the unit; a MAC lane has none
    """
    if source not in UNITS and source not in REFERENCES:
        known = ", ".join([*UNITS, *REFERENCES])
        raise ValueError(f"Design must be one of {known}, not {source!r}")
    unit = unit_of(source)
    if unit is not None:
        return Design(source, Instance.of(unit, **parameters))
    if parameters:
        raise ValueError(f"{source} has no parameter {next(iter(parameters))!r}; it has none")
    return Design(source, None)
