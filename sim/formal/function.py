"""The function of a unit: its Verilog without stalls equals the naive specification."""

from vit2rtl.sim.formal import netlist, specifications, transparent

TOP = "equality"


def harness(instance, verilog, folder):
    """The Verilog of the harness, its checks (name -> what it means), and an empty string.

    Combinational: every input and configuration is free, registers are wires.
    """
    netlist.flatten(instance, verilog, folder)
    transparent.write(instance, folder)
    inputs, outputs = (sum(f.width for f in x) for x in (instance.inputs, instance.outputs))
    lanes, checks = [], {}
    for lane in range(instance.lanes):
        pins = [
            *_slices("payload", instance.inputs, lane * inputs),
            *(f".{f.name}({f.name})" for f in instance.configuration),
            *_slices(f"expected_{lane}", instance.outputs, 0),
        ]
        span = f"{lane * outputs} +: {outputs}"
        lanes += [
            f"  wire [{outputs - 1}:0] expected_{lane};",
            f"  wire [{outputs - 1}:0] lane_{lane} = result[{span}];",
            f"  wire defined_{lane};",
            f"  specification specification_{lane}(.defined(defined_{lane}), {', '.join(pins)});",
            f"  wire check_lane_{lane} = !defined_{lane} || lane_{lane} == expected_{lane};",
        ]
        checks[f"lane_{lane}"] = f"lane {lane} equals the definition"
    text = _TEMPLATE.format(
        top=TOP,
        reference=transparent.NAME,
        width=inputs * instance.lanes,
        result=outputs * instance.lanes,
        ports="".join(f", input [{f.width - 1}:0] {f.name}" for f in instance.configuration),
        pins="".join(f", .{f.name}({f.name})" for f in instance.configuration),
        lanes="\n".join(lanes),
        all=" && ".join(f"check_{name}" for name in checks),
    )
    return text + specifications.module(instance), checks, ""


def _slices(signal, fields, low):
    pins = []
    for field in fields:
        pins.append(f".{field.name}({signal}[{low} +: {field.width}])")
        low += field.width
    return pins


_TEMPLATE = """\
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
