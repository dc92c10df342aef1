"""What is established of a unit, in which order, and what each property is worth."""

from vit2rtl.golden.units import UNITS
from vit2rtl.sim.units import FACES
from vit2rtl.sim.units.face import EXHAUSTIVE, FUNCTION, SPECIFICATION, STREAM, Part

STATUS = {
    STREAM: "proved",
    FUNCTION: "proved",
    SPECIFICATION: "simulated",
    EXHAUSTIVE: "simulated",
}
BOUNDED = "SAT (yosys) on the AXI4-Stream top beside the naive model, from reset"
CORE = ("SAT (yosys) on the Verilog of the component within, against its definition; inputs stay "
        "until all stages have them")
CONTRACT = "SAT (yosys) on the AXI4-Stream top beside what is due when, values apart, from reset"
METHOD = {
    STREAM: "induction (yosys sat) on the AXI4-Stream top, for any number of cycles",
    FUNCTION: "SAT on the bare unit's Verilog against the naive specification; a product that the "
    "Verilog adds from two parts by the distributive law",
    SPECIFICATION: "the naive specification in Icarus against the golden function",
    EXHAUSTIVE: "the bare unit's Verilog in Icarus against the golden function",
}
ROWS = "the AXI4-Stream top's Verilog in Icarus against the golden function"


def status(part: Part) -> str:
    """What establishing a part makes of its property: proved, bounded or simulated."""
    if part.core:
        return "proved"
    return "bounded" if part.cycles else STATUS[part.property]


def method(part: Part) -> str:
    """How it is established, for people."""
    if part.core:
        return CORE
    if part.cycles:
        return f"{CONTRACT if part.property == STREAM else BOUNDED}, {part.cycles} cycles"
    return ROWS if part.columns else METHOD[part.property]


def parts(unit_name: str) -> tuple[Part, ...]:
    """The plan of a unit; a ValueError names the unit that does not exist or has none."""
    return FACES[UNITS[unit_name].name].plan
