"""The function of a lane-wise unit: its Verilog without stalls equals the naive specification."""

from collections.abc import Mapping
from pathlib import Path

from vit2rtl.golden.units.instance import Instance
from vit2rtl.sim.formal import netlist, products, specifications, transparent
from vit2rtl.sim.formal.harness import Harness, pins, ports, slices

TOP = "equality"


def harness(instance: Instance, verilog: Mapping[str, str], folder: Path) -> Harness:
    """Combinational: every input and configuration is free, registers are wires."""
    netlist.flatten(instance, verilog, folder)
    transparent.write(instance, folder)
    factors = products.split(instance, folder)
    lines: list[str] = []
    checks: dict[str, str] = {}
    for lane in range(instance.lanes):
        if factors:
            lines += products.verilog(instance, lane, factors[lane])
            checks[f"factors_{lane}"] = f"lane {lane} multiplies the parts of its long factor"
        lines += _lane(instance, lane, product=bool(factors))
        checks[f"lane_{lane}"] = f"lane {lane} equals the definition"
    (source,), (sink,) = instance.sources, instance.sinks
    text = TEMPLATE.format(
        top=TOP,
        reference=transparent.NAME,
        width=source.beat_bits,
        result=sink.beat_bits,
        ports=ports(instance.configuration),
        pins=pins(instance.configuration),
        lanes="\n".join(lines),
        all=" && ".join(f"check_{name}" for name in checks),
    )
    text += specifications.module(instance, product_given=bool(factors))
    return Harness(TOP, text, checks, free=bool(factors))


def _lane(instance: Instance, lane: int, *, product: bool) -> list[str]:
    """One lane of the result beside what the specification says of it."""
    (source,), (sink,) = instance.sources, instance.sinks
    width = sink.lane_bits
    connections = [
        *slices("payload", source.fields, lane * source.lane_bits),
        *(f".{f.name}({f.name})" for f in instance.configuration),
        *slices(f"expected_{lane}", sink.fields, 0),
        *([f".product(product_{lane})"] if product else []),
    ]
    return [
        f"  wire [{width - 1}:0] expected_{lane};",
        f"  wire [{width - 1}:0] lane_{lane} = result[{lane * width} +: {width}];",
        f"  wire defined_{lane};",
        f"  specification specification_{lane}(.defined(defined_{lane}), "
        f"{', '.join(connections)});",
        f"  wire check_lane_{lane} = !defined_{lane} || lane_{lane} == expected_{lane};",
    ]


TEMPLATE = """\
module {top}(input [{width}-1:0] payload{ports});
  wire [{result}:0] result;
  {reference} unit(
    .clk(1'b0), .rst(1'b0), .i__valid(1'b1), .o__ready(1'b1),
    .i__payload({{1'b0, payload}}), .o__payload(result){pins}
  );
{lanes}
  always @* assert ({all});
endmodule
"""
