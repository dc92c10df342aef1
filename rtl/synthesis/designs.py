"""What can be synthesized: the registry's units, and the designs that they are compared with."""

from dataclasses import dataclass

from amaranth.back.verilog import convert as to_verilog
from amaranth.lib import wiring

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.stream_unit import signature
from vit2rtl.rtl.synthesis import references, references_mac
from vit2rtl.rtl.verilog import convert

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
    """A Verilog module and its ports; ``source`` is the unit or the reference it was made from."""

    name: str
    source: str
    parameters: dict
    signature: wiring.Signature
    verilog: str


def unit_of(source):
    """The registry's name of the unit whose parameters a source has; None for one without."""
    return source if source in UNITS else getattr(REFERENCES[source], "unit", None)


def design(source, **parameters):
    """A unit of the registry, as its users get it, or a reference.

    source      a name in ``UNITS`` or ``REFERENCES``
    parameters  of the unit; a MAC lane has none
    """
    if source not in UNITS and source not in REFERENCES:
        known = ", ".join([*UNITS, *REFERENCES])
        raise ValueError(f"Design must be one of {known}, not {source!r}")
    unit = unit_of(source)
    if unit is None:
        if parameters:
            raise ValueError(f"{source} has no parameter {next(iter(parameters))!r}; it has none")
        return _reference(source, source, REFERENCES[source](), {})
    instance = Instance.of(unit, **parameters)
    if source in UNITS:
        text = convert(instance)[f"{instance.name}.v"]
        ports = signature(instance)
        return Design(instance.name, source, dict(instance.parameters), ports, text)
    name = instance.name.replace(unit, source, 1)
    component = REFERENCES[source](**instance.parameters)
    return _reference(name, source, component, dict(instance.parameters))


def _reference(name, source, component, parameters):
    text = to_verilog(component, name=name, emit_src=False, strip_internal_attrs=True)
    return Design(name, source, parameters, component.signature, text)
