"""The function of a unit: its Verilog without stalls equals the naive specification."""

from vit2rtl.rtl import latency
from vit2rtl.sim.formal import netlist, specifications, transparent

TOP = "equality"


def harness(instance, verilog, folder):
    """The Verilog of the harness, its checks (name -> what it means), and an empty string.

    Combinational: every input and configuration is free, registers are wires.
    """
    netlist.flatten(instance, verilog, folder)
    transparent.write(instance, folder)
    factors = _split(instance, folder)
    inputs, outputs = (sum(f.width for f in x) for x in (instance.inputs, instance.outputs))
    lanes, checks = [], {}
    for lane in range(instance.lanes):
        pins = [
            *_slices("payload", instance.inputs, lane * inputs),
            *(f".{f.name}({f.name})" for f in instance.configuration),
            *_slices(f"expected_{lane}", instance.outputs, 0),
        ]
        if factors:
            pins.append(f".product(product_{lane})")
            lanes += _products(instance, lane, factors[lane])
            checks[f"factors_{lane}"] = f"lane {lane} multiplies the parts of its accumulator"
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
    return text + specifications.module(instance, product_given=bool(factors)), checks, ""


def _split(instance, folder):
    """For each lane its two multipliers, lower part of the accumulator first, else nothing.

    A long accumulator is multiplied in two parts. No solver shows that this is one product, and it
    need not: ``(h * 2**k + l) * m`` is ``(h * m) * 2**k + l * m``. So it is proved that the
    factors are h, l and m, with products wide enough to be exact; the products are then any numbers
    and the specification's product is that sum.
    """
    if not specifications.of(instance.unit.name).product or _narrow(instance):
        return []
    found = netlist.structure(instance, latency(instance), folder)
    lanes = [
        [m for m in found.multipliers if m[0][0][0].startswith(f"lane_{n}.")]
        for n in range(instance.lanes)
    ]
    if any(len(pair) != 2 for pair in lanes):
        return []
    return [
        [
            [[(net, index, found.widths[net]) for net, index in bits] for bits in multiplier]
            for multiplier in sorted(pair, key=lambda m: m[0][0][1])
        ]
        for pair in lanes
    ]


def _narrow(instance):
    """Whether the solver can do without, which says more."""
    return instance.parameters["multiplier_width"] <= 2


def _products(instance, lane, pair):
    """Products of one lane as free numbers; see :func:`_split`."""
    acc, multiplier = (f.width for f in instance.inputs[:2])
    first = lane * sum(f.width for f in instance.inputs)
    lines, declared = [], {}
    for part, (operands, result) in zip(("low", "high"), pair, strict=True):
        for name, bits in (
            ("acc", operands[:-multiplier]),
            ("multiplier", operands[-multiplier:]),
            ("product", result),
        ):
            for net, _, width in bits:
                declared[net] = f"  (* hierconn *) wire [{width - 1}:0] \\unit.{net} ;"
            joined = ", ".join(f"\\unit.{net} [{index}]" for net, index, _ in reversed(bits))
            lines.append(f"  wire [{len(bits) - 1}:0] {part}_{name}_{lane} = {{{joined}}};")
    cut = len(pair[0][0]) - multiplier
    low, high = (len(result) for _, result in pair)
    if low < cut + multiplier or high < acc - cut + multiplier:
        raise ValueError(f"{instance.name} has products too narrow to be exact")
    total = f"product_{lane}"
    width = specifications.of(instance.unit.name).width(instance)
    most = f"{width}'sd{1 << (acc + multiplier - 1)}"
    factor = f"payload[{first + acc} +: {multiplier}]"
    return [
        *declared.values(),
        *lines,
        f"  wire signed [{width - 1}:0] {total} =",
        f"    $signed({{1'b0, low_{total}}}) + ($signed(high_{total}) <<< {cut});",
        f"  wire check_factors_{lane} = low_acc_{lane} == payload[{first} +: {cut}]",
        f"    && $signed(high_acc_{lane}) == $signed(payload[{first + cut} +: {acc - cut}])",
        f"    && low_multiplier_{lane} == {factor} && high_multiplier_{lane} == {factor};",
        f"  always @* assume ({total} < {most} && {total} >= -{most});",
    ]


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
