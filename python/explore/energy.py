"""Energy of an image as a ratio to W8/A8, by a table for 45 nm: a proxy for choices.

Horowitz, "Computing's energy problem", ISSCC 2014, figure 1.1.9: a multiplication of 8 × 8 bits
0.2 pJ and one of 32 × 32 3.1 pJ, so 3 fJ a product of two bits; an addition 3 to 4 fJ a bit; a read
of 64 bits from an SRAM of 8 KB 10 pJ, from DRAM 1.3 to 2.6 nJ. It is of an ASIC, not of an FPGA,
and without clock and idle power: parts can be compared with each other and settings with settings,
nothing is in joules, and it is added to no area.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vit2rtl.explore.area.engine import MACS, paid_bits
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.program.program import IntegerProgram

MODEL = ("relative to W8/A8; a proxy by a table for ASICs in 45 nm (Horowitz, ISSCC 2014), not of"
         " an FPGA; never watts")
# fJ: a product of two bits, a sum's bit, a bit from an SRAM, a bit from DRAM (the mean of its
# range).
_MULTIPLY, _ADD, _SRAM, _DRAM = 3.05, 3.4, 10_000 / 64, 1_950_000 / 64
PARTS = ("macs", "accumulators", "codes", "stream")
WEIGHTS, QUERIES, ATTENTION = "weights", "queries", "attention"
# The setting and the array that all are compared with, and accumulators wide enough for it.
_REFERENCE_BITS = 8
_REFERENCE: dict[str, Any] = {
    "rows": 16, "columns": 16, "packed_columns": 0, "attention_rows": 8, "base": 4,
    "acc_width": 27}


@dataclass(frozen=True)
class Product:
    """A matrix product of an image: ``count`` times ``int[tokens, inputs] · int[inputs, outputs]``.

    stationary   ``weights`` (of the command stream), ``queries`` (q·kᵀ, ``outputs`` queries), or
                 ``attention`` (codes of softmax times v: shifts and sums outside of the array)
    weights      bits of the stationary operand; of v's codes for ``attention``
    activations  bits of what streams by; of softmax's codes for ``attention``
    """

    tokens: int
    inputs: int
    outputs: int
    weights: int
    activations: int
    stationary: str = WEIGHTS
    count: int = 1

    def __post_init__(self) -> None:
        if self.stationary not in (WEIGHTS, QUERIES, ATTENTION):
            raise ValueError(f"Stationary must be one of {WEIGHTS}, {QUERIES}, {ATTENTION}, "
                             f"not {self.stationary!r}")


def products(program: IntegerProgram) -> list[Product]:
    """The matrix products of a program that an engine executes, with its widths."""
    tensors = program.tensors()
    found = []
    for op in program.ops:
        first = tensors[op.inputs[0]]
        tokens = first.shape[-2] if len(first.shape) > 1 else 1
        match op.kind:
            case "linear":
                outputs, inputs = op.tensors["weight"].shape
                found.append(Product(tokens, inputs, outputs, op.attributes["weight_bits"],
                                     first.bits))
            case "query_key":
                heads, keys = op.attributes["heads"], tensors[op.inputs[1]]
                found.append(Product(keys.shape[-2], first.shape[-1] // heads, tokens, first.bits,
                                     keys.bits, QUERIES, heads))
            case "attention_value":
                heads, values = first.shape[-3], tensors[op.inputs[1]]
                found.append(Product(tokens, first.shape[-1], values.shape[-1] // heads,
                                     values.bits, first.bits, ATTENTION, heads))
    return found


def energy(
    layers: Sequence[Product], configuration: Configuration, groups: int = 1, mac: str = "digit"
) -> dict[str, Any]:
    """``{"ratio": to W8/A8, "parts": {part: its share of that ratio}}``.

    W8/A8 is that of one array for all settings, so that settings of several arrays compare: 16 × 16
    digits of 4 bits, one group of tokens.

    groups   of tokens: weights come once for each
    mac      ``digit``: multiplied as digits of the array's base, 5 to 7 bits as 8 on digits of 4;
             ``native``: as wide as they are
    returns  parts ``macs``; ``accumulators``, read and written a row a pass; ``codes``, read from
             buffers; ``stream``, weights from DRAM. They add up to the ratio
    raises   ValueError for another ``mac``, or no layers
    """
    if mac not in MACS:
        raise ValueError(f"MAC must be one of {', '.join(MACS)}, not {mac!r}")
    if not layers:
        raise ValueError("Energy needs at least one matrix product")
    ours = _total(layers, configuration, groups, mac)
    wide = [replace(layer, weights=_REFERENCE_BITS, activations=_REFERENCE_BITS)
            for layer in layers]
    array = replace(configuration, **_REFERENCE)
    reference = _total(wide, array, groups=1, mac="digit")
    whole = sum(reference.values())
    parts = {part: ours[part] / whole for part in PARTS}
    return {"ratio": sum(parts.values()), "parts": parts}


def _total(
    layers: Iterable[Product], c: Configuration, groups: int, mac: str
) -> dict[str, float]:
    """fJ of all, by part."""
    total = dict.fromkeys(PARTS, 0.0)
    for layer in layers:
        of = _attention(layer, c) if layer.stationary == ATTENTION else _on_array(layer, c, mac)
        for part, value in of.items():
            total[part] += layer.count * value
        if layer.stationary == WEIGHTS:
            total["stream"] += layer.inputs * layer.outputs * layer.weights * groups * _DRAM
    return total


def _on_array(layer: Product, c: Configuration, mac: str) -> dict[str, float]:
    weights, codes, passes = layer.weights, layer.activations, 1
    if mac == "digit":
        weights, codes = paid_bits(weights, c.base), paid_bits(codes, c.base)
        passes = (weights // c.base) * (codes // c.base)
    macs = layer.tokens * layer.inputs * layer.outputs
    # Sums are of digits' products where there are digits.
    added = passes * 2 * c.base if mac == "digit" else weights + codes
    reads = layer.tokens * -(-layer.inputs // c.rows) * passes
    digit = c.base if mac == "digit" else codes
    return {
        "macs": macs * (_MULTIPLY * weights * codes + _ADD * added),
        "accumulators": reads * layer.outputs * 2 * c.acc_width * _SRAM,
        "codes": reads * -(-layer.outputs // c.columns) * c.rows * digit * _SRAM,
    }


def _attention(layer: Product, c: Configuration) -> dict[str, float]:
    """Each product is a shift and an addition; a key's codes and values are read together."""
    tiles = -(-layer.tokens // c.attention_rows) * -(-layer.outputs // c.columns)
    read = c.attention_rows * layer.activations + c.columns * layer.weights
    macs = layer.tokens * layer.inputs * layer.outputs
    return {"macs": macs * _ADD * c.attention_acc_width, "codes": tiles * layer.inputs * read
            * _SRAM}
