"""Long products that RTL adds from two parts: free numbers, bound by what their factors are.

A long factor is multiplied in two parts. No solver shows that this is one product, and it need
not: ``(h * 2**k + l) * m`` is ``(h * m) * 2**k + l * m``. So it is proved that the factors are h, l
and m, with products wide enough to be exact; the products are then any numbers and the
specification's product is that sum.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from vit2rtl.golden.units.instance import Instance
from vit2rtl.rtl import latency
from vit2rtl.sim.formal import netlist
from vit2rtl.sim.formal.specifications import specification_of
from vit2rtl.sim.units.face import Product

Bits = Sequence[tuple[str, int, int]]  # (net, index, width of the net), lowest bit first


@dataclass(frozen=True)
class Multiplier:
    """Bits of both operands, the longer one first, and of the result."""

    operands: Bits
    result: Bits


def split(instance: Instance, folder: Path) -> list[tuple[Multiplier, Multiplier]]:
    """For each lane its two multipliers, that of the lower part first; else nothing."""
    product = specification_of(instance).product
    if product is None or instance.fields[product.unsigned].width <= product.computed:
        return []
    structure = netlist.structure(instance, latency(instance), folder)
    lanes = [
        [m for m in structure.multipliers if m[0][0][0].startswith(f"lane_{n}.")]
        for n in range(instance.lanes)
    ]
    if any(len(pair) != 2 for pair in lanes):
        return []
    widths = structure.widths
    pairs = []
    for pair in lanes:
        low, high = sorted(pair, key=lambda m: m[0][0][1])
        pairs.append((_multiplier(low, widths), _multiplier(high, widths)))
    return pairs


def _multiplier(bits: netlist.MultiplierBits, widths: dict[str, int]) -> Multiplier:
    operands, result = ([(net, i, widths[net]) for net, i in part] for part in bits)
    return Multiplier(operands, result)


def verilog(instance: Instance, lane: int, pair: tuple[Multiplier, Multiplier]) -> list[str]:
    """Wire ``product_LANE`` of one lane, free, and ``check_factors_LANE`` for its factors."""
    specification, product = specification_of(instance), _product(instance)
    offsets = dict(_offsets(instance, lane))
    long, short = (instance.fields[name].width for name in (product.signed, product.unsigned))
    first = offsets[product.signed]
    low, high = pair
    cut = len(low.operands) - short
    if len(low.result) < cut + short or len(high.result) < long - cut + short:
        raise ValueError(f"{instance.name} has products too narrow to be exact")
    total = f"product_{lane}"
    width = specification.width(instance)
    most = f"{width}'sd{1 << (long + short - 1)}"
    factor = f"payload[{offsets[product.unsigned]} +: {short}]"
    return [
        *_parts(lane, pair, short),
        f"  wire signed [{width - 1}:0] {total} =",
        f"    $signed({{1'b0, low_{total}}}) + ($signed(high_{total}) <<< {cut});",
        f"  wire check_factors_{lane} = low_long_{lane} == payload[{first} +: {cut}]",
        f"    && $signed(high_long_{lane}) == $signed(payload[{first + cut} +: {long - cut}])",
        f"    && low_short_{lane} == {factor} && high_short_{lane} == {factor};",
        f"  always @* assume ({total} < {most} && {total} >= -{most});",
    ]


def _product(instance: Instance) -> Product:
    product = specification_of(instance).product
    if product is None:
        raise ValueError(f"Unit {instance.unit.name} has no product in its naive Verilog")
    return product


def _parts(lane: int, pair: tuple[Multiplier, Multiplier], short: int) -> list[str]:
    """Both multipliers' operands and results, by the names that the nets have in the unit."""
    lines: list[str] = []
    declared: dict[str, str] = {}
    for part, multiplier in zip(("low", "high"), pair, strict=True):
        for name, bits in (
            ("long", multiplier.operands[:-short]),
            ("short", multiplier.operands[-short:]),
            ("product", multiplier.result),
        ):
            for net, _, width in bits:
                declared[net] = f"  (* hierconn *) wire [{width - 1}:0] \\unit.{net} ;"
            joined = ", ".join(f"\\unit.{net} [{index}]" for net, index, _ in reversed(bits))
            lines.append(f"  wire [{len(bits) - 1}:0] {part}_{name}_{lane} = {{{joined}}};")
    return [*declared.values(), *lines]


def _offsets(instance: Instance, lane: int) -> Iterator[tuple[str, int]]:
    """Where the fields of one lane begin in the beat."""
    (source,) = instance.sources
    low = lane * source.lane_bits
    for field in source.fields:
        yield field.name, low
        low += field.width
