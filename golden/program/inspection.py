"""What a program costs: shapes, bits, multiplications and bytes, op by op and in all."""

from collections.abc import Iterable, Sequence
from statistics import mean
from typing import Any

from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.program.kind import FLOAT_BITS, Kind
from vit2rtl.golden.program.kinds import KINDS
from vit2rtl.golden.program.program import IntegerProgram, Op, Tensor


def summary(program: IntegerProgram) -> dict[str, Any]:
    """A dict, ready for JSON: ``ops``, one each, and ``totals``.

    ``parameter_bits`` counts every constant at its bit width: weights at theirs, zero points and
    biases at the width of the op's largest, multipliers and shifts likewise; zero points that are
    all one number (symmetric weights) count once. Tables are apart.
    ``float32_bits`` is what the same parameters take in the float model.
    ``mean_bits`` are those of what is multiplied, where a multiplication's are the mean of its
    factors', and those of the layers' weights.
    """
    tensors = program.tensors()
    rows = [_row(op, [tensors[name] for name in op.inputs]) for op in program.ops]
    weights = [cost for op in program.ops for cost in _weights(op)]
    multiplied = [(row["macs"], row["multiplied_bits"]) for row in rows if row["macs"]]
    macs = {name: sum(row["macs"] for row in rows
                      if name in (row["kind"], KINDS[row["kind"]].counted_as))
            for name, kind in KINDS.items() if kind.macs and not kind.counted_as}
    parameters, tables, floats = (
        sum(row[key] for row in rows) for key in ("parameter_bits", "table_bits", "float32_bits")
    )
    return {
        "model": program.model,
        "variant": program.variant,
        "recipe": program.recipe,
        "ops": rows,
        "totals": {
            "ops": len(rows),
            "macs": macs | {"all": sum(macs.values())},
            "mean_bits": {"by_macs": _mean(multiplied), "by_weights": _mean(weights)},
            "float32_bytes": floats // 8,
            "parameter_bytes": -(-parameters // 8),
            "table_bytes": -(-tables // 8),
            "float32_over_weights": _weights_ratio(rows),
            "float32_over_parameters": _ratio(floats, parameters),
            "float32_over_all": _ratio(floats, parameters + tables),
            "widest_accumulator_bits": max(
                (row["accumulator_bits"] for row in rows if row["accumulator_bits"]), default=0
            ),
        },
    }


def _weights_ratio(rows: list[dict[str, Any]]) -> float:
    """Of layers alone: weights, biases and all that requantizes them."""
    bits, floats = (sum(row[key] for row in rows if KINDS[row["kind"]].layer)
                    for key in ("parameter_bits", "float32_bits"))
    return _ratio(floats, bits)


def _weights(op: Op) -> list[tuple[int, int]]:
    """(elements, bits) of each constant whose bits an attribute of a layer states."""
    kind = KINDS[op.kind]
    formats = [(op.tensors[role].size, constant.format(op)[0])
               for role, constant in kind.constants.items() if constant.format]
    return formats if kind.layer else []


def _factors(kind: Kind, op: Op, inputs: Sequence[Tensor]) -> list[int]:
    """Bits of what an op multiplies: its inputs, and the weights whose width is an attribute."""
    return [*(tensor.bits for tensor in inputs),
            *(op.attributes[name] for name, each in kind.attributes.items() if each.width)]


def _mean(counts: Iterable[tuple[int, float]]) -> float:
    """Of bits, each counted so many times; 0 where there is nothing to count."""
    counts = [*counts]
    total = sum(count for count, _ in counts)
    return sum(count * bits for count, bits in counts) / total if total else 0.0


def _ratio(floats: int, bits: int) -> float:
    """0 where there are no parameters at all."""
    return floats / bits if bits else 0.0


def _row(op: Op, inputs: Sequence[Tensor]) -> dict[str, Any]:
    bound, kind = op.attributes.get("accumulator_bound"), KINDS[op.kind]
    return {
        "name": op.name,
        "kind": op.kind,
        "inputs": [{"name": t.name, "shape": list(t.shape), "bits": t.bits} for t in inputs],
        "output": {"name": op.output.name, "shape": list(op.output.shape), "bits": op.output.bits,
                   "signed": op.output.signed, "encoding": op.output.encoding},
        "accumulator_bound": bound,
        "accumulator_bits": None if bound is None else width(-bound, bound),
        "macs": kind.macs(op, inputs) if kind.macs else 0,
        "multiplied_bits": mean(_factors(kind, op, inputs)) if kind.macs else None,
        "parameter_bits": _bits(kind, op, tables=False),
        "table_bits": _bits(kind, op, tables=True),
        "float32_bits": FLOAT_BITS * sum(
            array.size for role, array in op.tensors.items() if kind.constants[role].parameter),
    }


def _bits(kind: Kind, op: Op, *, tables: bool) -> int:
    """Of all constants that are look-up tables, or of all that are not."""
    costs = (kind.constants[role].cost(op, array) for role, array in op.tensors.items()
             if kind.constants[role].table == tables)
    return sum(costs)
