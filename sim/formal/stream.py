"""The stream contract of a lane-wise unit's AXI4-Stream top, for any number of cycles."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Field
from vit2rtl.rtl import latency
from vit2rtl.sim.formal import netlist, transparent
from vit2rtl.sim.formal.harness import Harness, pins, ports
from vit2rtl.sim.formal.stream_template import TEMPLATE

TOP = "stream_contract"
# What a user sees; the other checks are the invariants that carry the induction.
OUTWARD = (
    "tready",
    "tvalid",
    "stable",
    "nothing_invented",
    "nothing_doubled",
    "nothing_lost",
    "tdata",
    "tlast",
)


def harness(instance: Instance, verilog: Mapping[str, str], folder: Path) -> Harness:
    """A model of the contract, a valid bit for each stage, runs beside the AXI4-Stream top.

    One beat, whichever the solver likes, is watched from input to output. Inputs, stalls and
    resets are free; configuration is free whenever nothing is inside.
    """
    depth = latency(instance)
    netlist.flatten(instance, verilog, folder)
    structure = netlist.structure(instance, depth, folder)
    transparent.write(instance, folder)
    checks, declared = _checks(depth, structure)
    products = _products(structure, declared)
    (source,), (sink,) = instance.sources, instance.sinks
    text = TEMPLATE.format(
        top=TOP,
        name=instance.name,
        reference=transparent.NAME,
        depth=depth,
        highest=depth - 1,
        data=source.tdata_width - 1,
        payload=source.beat_bits,
        result=sink.tdata_width - 1,
        used=sink.beat_bits,
        ports=ports(instance.configuration),
        pins=pins(instance.configuration),
        past=past(instance.configuration),
        steady=steady(instance.configuration),
        declared="".join(dict.fromkeys(declared)),
        products=products,
        checks="".join(f"  wire check_{c} = {value};\n" for c, (value, _) in checks.items()),
        all=" && ".join(f"check_{c}" for c in checks),
        outward=" && ".join(f"check_{c}" for c in OUTWARD),
    )
    meanings = {name: meaning for name, (_, meaning) in checks.items()}
    return Harness(TOP, text, meanings, structure.unclear, free=True)


def past(fields: Iterable[Field]) -> str:
    """Registers with the configuration of the cycle before."""
    return "".join(
        f"  reg [{f.width - 1}:0] {f.name}_before;\n"
        f"  always @(posedge clk) {f.name}_before <= {f.name};\n"
        for f in fields
    )


def steady(fields: Iterable[Field]) -> str:
    """Condition: the configuration is as it was in the cycle before."""
    return " && ".join(f"{f.name} == {f.name}_before" for f in fields) or "1"


def _checks(
    depth: int, structure: netlist.Structure
) -> tuple[dict[str, tuple[str, str]], list[str]]:
    """Checks, name -> (condition, meaning), and the wires of the unit that they read."""
    checks = _contract(depth)
    declared: list[str] = []
    for n in range(len(structure.valid)):
        checks[f"ahead_{n}"] = (
            f"!watched[{n}] || (ahead == {_count('valid', range(n + 1, depth))} && waited <= {n})",
            f"invariant: beats ahead of stage {n}",
        )
        checks[f"valid_{n}"] = (
            f"valid[{n}] == {_reference(declared, 'dut.unit', structure.valid[n], 1)}",
            f"invariant: valid bit of stage {n}",
        )
    for index, (register, (stage, width)) in enumerate(structure.registers.items()):
        pair = (_reference(declared, p, register, width) for p in ("dut.unit", "reference"))
        checks[f"register_{index}"] = (
            f"!watched[{stage}] || {' == '.join(pair)}",
            f"invariant: register {register} holds what the watched beat makes it",
        )
    return checks, declared


def _contract(depth: int) -> dict[str, tuple[str, str]]:
    top = depth - 1
    return {
        "tready": (
            "s_axis_tready == (enable[0] && aresetn)",
            "a beat is taken whenever there is room or the output moves, and never in reset",
        ),
        "tvalid": (
            f"m_axis_tvalid == (valid[{top}] && aresetn)",
            "a beat is offered when it has come through, whether or not it is wanted",
        ),
        "stable": (
            "!stalled || !aresetn || (m_axis_tvalid && offered == {m_axis_tlast, m_axis_tdata})",
            "what is offered stays until it is taken",
        ),
        "nothing_invented": ("!m_axis_tvalid || inside != 0", "no output before its input"),
        "nothing_doubled": (
            f"!m_axis_tvalid || !watching || (ahead == 0) == watched[{top}]",
            "as many beats leave before the watched one as were inside when it came",
        ),
        "nothing_lost": (
            f"!watching || waited < {depth}",
            "a beat leaves after at most as many cycles of tready as the pipeline is deep",
        ),
        "tdata": (
            f"!watched[{top}] || m_axis_tdata == expected",
            "the watched beat's data are the unit's function of its input",
        ),
        "tlast": (
            f"!watched[{top}] || m_axis_tlast == last",
            "tlast is that of the watched beat",
        ),
        "inside": (f"inside == {_count('valid', range(depth))}", "invariant: beats inside"),
        "watched": (
            "(watched & ~valid) == 0 && (watched & (watched - 1)) == 0 "
            "&& watching == (watched != 0)",
            "invariant: the watched beat is in one stage",
        ),
    }


def _products(structure: netlist.Structure, declared: list[str]) -> str:
    """What is said of multipliers: equal operands give equal products, and no more.

    Both sides of the induction multiply; which function it is does not matter to a stall, and
    solvers are slow to see that two multipliers with equal operands agree. So products are free
    but for this, in unit and reference and from one cycle to the next.
    """
    lines = []
    for number, (operands, result) in enumerate(structure.multipliers):
        width = len(result)
        for side, instance in (("unit", "dut.unit"), ("reference", "reference")):
            for part, bits in (("operands", operands), ("product", result)):
                joined = ", ".join(
                    f"{_reference(declared, instance, net, structure.widths[net])}[{index}]"
                    for net, index in reversed(bits)
                )
                lines.append(f"  wire [{len(bits) - 1}:0] {side}_{part}_{number} = {{{joined}}};")
        lines += [
            f"  reg [{len(operands) - 1}:0] operands_{number};",
            f"  reg [{width - 1}:0] product_{number};",
            "  always @(posedge clk) begin",
            f"    operands_{number} <= reference_operands_{number};",
            f"    product_{number} <= reference_product_{number};",
            "  end",
            "  always @* begin",
            f"    assume (unit_operands_{number} != reference_operands_{number} ||",
            f"      unit_product_{number} == reference_product_{number});",
            f"    assume (operands_{number} != reference_operands_{number} ||",
            f"      product_{number} == reference_product_{number});",
            "  end",
        ]
    return "".join(f"{line}\n" for line in lines)


def _count(signal: str, bits: Iterable[int]) -> str:
    return " + ".join(["0", *(f"{signal}[{n}]" for n in bits)])


def _reference(declared: list[str], instance: str, register: str, width: int) -> str:
    """A name in the harness for a register within; yosys connects the two when it flattens."""
    name = f"\\{instance}.{register} "
    declared.append(f"  (* hierconn *) wire [{width - 1}:0] {name};\n")
    return name
