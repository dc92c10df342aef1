"""A unit without time: every register replaced by a wire, for what a pipeline computes."""

from pathlib import Path

from vit2rtl.golden.units.instance import Instance
from vit2rtl.rtl.verilog import yosys

NAME = "transparent"
# Registers as wires; what holds a value under a stall is never chosen where all enables are high.
_WIRES = """\
module \\$dff (CLK, D, Q);
  parameter WIDTH = 1;
  parameter CLK_POLARITY = 1;
  input CLK;
  input [WIDTH-1:0] D;
  output [WIDTH-1:0] Q;
  assign Q = D;
endmodule
"""
_SCRIPT = """
read_rtlil unit.il
techmap -map wires.v
select -assert-none t:$dff
rename {name} {transparent}
write_rtlil {transparent}.il
"""


def write(instance: Instance, folder: Path) -> None:
    """``transparent.il``: the flat ``unit.il`` with registers as wires, names kept.

    To be used with ``i__valid`` and ``o__ready`` high and ``rst`` low: then every register shows
    what the pipeline makes of the payload, and the output is the function of the unit.
    """
    yosys.run(
        _SCRIPT.format(name=instance.name, transparent=NAME),
        folder,
        files={"wires.v": _WIRES},
    )
