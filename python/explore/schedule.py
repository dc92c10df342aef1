"""An engine for a network at given widths, and the cycles of an image on it.

The compiler's own schedule, of a program that has the network's shapes and the widths asked, and
constants that fill those widths: cycles depend on digits, not on what they are.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from math import prod
from typing import Any, NamedTuple

import numpy as np

from vit2rtl.explore.shapes import OpShape, Shapes
from vit2rtl.golden.arithmetic import softmax
from vit2rtl.golden.arithmetic.attention_value import fraction_bits
from vit2rtl.golden.arithmetic.matmul import query_key_bound, width
from vit2rtl.golden.engine import compiler
from vit2rtl.golden.engine.compiler import cycles as schedules
from vit2rtl.golden.engine.configuration import Configuration
from vit2rtl.golden.engine.placement import filled_up
from vit2rtl.golden.program.attention import value_bound
from vit2rtl.golden.program.program import IntegerProgram, Op, Tensor

VERSION = 1
MODEL = "the compiler's own schedule, within 1 % of what the engine's Verilog takes"
# Of the array's accumulators: what a block multiplier's operand holds.
_WIDEST_ACC = 27
_ZERO_CODE = "top"


def cycles(
    spec: Mapping[str, Any], *, shapes: Mapping[str, Any], widths: Mapping[str, int]
) -> dict[str, Any]:
    """The task: what an image takes on an array of ``spec["columns"]`` squared, digits of
    ``spec["base"]`` bits, tokens in ``spec["groups"]``.

    shapes, widths   whose SHA-256 the specification has
    returns   ``cycles``, ``utilization`` of the array, ``busy`` and ``lost`` as
              :class:`vit2rtl.golden.engine.compiler.cycles.Cycles` has them
    raises    ValueError naming the op that the engine has no way for
    """
    program = Synthetic(Shapes.of_dict(shapes), widths).program()
    array = Array(spec["columns"], spec["base"])
    image = compiler.compile(program, configuration(program, array), groups=spec["groups"])
    result = schedules.cycles(image)
    return {"cycles": result.total, "utilization": result.utilization, "busy": result.busy,
            "lost": result.lost}


class Array(NamedTuple):
    """``columns`` × ``columns``, of which ``packed`` multiply in blocks of 18 × 18 bits, and the
    bits of a digit."""

    columns: int
    base: int
    packed: int = 0


def configuration(program: IntegerProgram, array: Array) -> Configuration:
    """The smallest engine with such an array that a program fits.

    Lanes are those of the engines in :data:`vit2rtl.golden.engine.CONFIGURATIONS`: a quarter of
    the columns for LayerNorm and softmax, half of them for the rows of attention × V.
    """
    columns = array.columns
    ops: dict[str, list[Op]] = defaultdict(list)
    for op in program.ops:
        ops[op.kind].append(op)
    tensors, attentions = program.tensors(), ops["attention_value"]
    heads = attentions[0].attributes["heads"] if attentions else 1
    # What each buffer holds, one after the other.
    queries, keys = ([tensors[op.inputs[n]] for op in ops["query_key"]] for n in range(2))
    values = [tensors[op.inputs[1]] for op in attentions]
    attended = [op.output for op in attentions]
    normalized = [op.output for op in ops["layernorm"]]
    activated = [op.output for op in ops["table"]]
    softmax_bits = max(tensors[op.inputs[0]].bits for op in attentions)
    exponentials = softmax.widths(softmax_bits)
    sums = [op.attributes["accumulator_bound"] for kind in ("linear", "query_key")
            for op in ops[kind]]
    shifted = [op.attributes["accumulator_bound"]
               << fraction_bits(softmax_bits) - fraction_bits(tensors[op.inputs[0]].bits)
               for op in attentions]

    def room(codes: Sequence[Tensor], heads: int = 1, *, whole: bool = False) -> int:
        """All rows of a buffer are as long as its longest; ``whole``: a code is not cut."""
        rows = max(one.shape[0] for one in codes)
        return rows * max(filled_up(one, lanes, heads) // one.shape[0]
                          * (1 if whole else lanes.code_digits(one.bits)) for one in codes)

    lanes = Configuration(
        name=f"{columns}x{columns}", rows=columns, columns=columns, base=array.base,
        packed_columns=array.packed, layernorm_lanes=max(columns // 4, 1),
        softmax_lanes=max(columns // 4, 1), attention_rows=max(columns // 2, 1))
    return replace(
        lanes, attention_bits=softmax_bits,
        attention_acc_width=max(width(-bound, bound) for bound in shifted),
        code_bits=max(one.bits for one in (*normalized, *attended, *activated, *values)),
        logit_width=exponentials["width"], rom_bits=exponentials["rom_bits"],
        acc_width=max(width(-bound, bound) for bound in sums),
        tokens=max(op.output.shape[-1] for op in ops["query_key"]),
        channels=max(one.shape[-1] for one in normalized),
        stream=room([op.output for op in (*ops["embed"], *ops["add"])], whole=True),
        normalized=room(normalized),
        projected=max(room(queries, heads), room(keys, heads), room(values, heads, whole=True),
                      room(attended, heads)),
        # Patches come as many at a time as there is room, but one at least.
        hidden=max(room(activated), *(room([op.output]) // op.output.shape[0]
                                      for op in ops["patches"])))


@dataclass(frozen=True)
class Synthetic:
    """A program of given shapes and widths."""

    shapes: Shapes
    widths: Mapping[str, int]

    def program(self) -> IntegerProgram:
        image_bits = max(self.widths[name] for name in self.shapes.fixed)
        image = self._codes("image", self.shapes.image, image_bits)
        tensors = {image.name: image}
        ops = []
        # Settings of neighbours differ, as scales of real layers do: units run empty between them.
        turn = count()
        softmax_bits = [self.widths[op.quantity] for op in self.shapes.ops if op.kind == "softmax"]
        logits = softmax.widths(max(softmax_bits, default=1))
        for shape in self.shapes.ops:
            bits = self.widths[shape.quantity] if shape.quantity else shape.bits
            bits = logits["width"] if shape.kind == "query_key" else bits
            output = self._codes(shape.output, shape.shape, bits, shape.signed,
                                 "log_sqrt2" if shape.kind == "softmax" else "uniform")
            inputs = [tensors[name] for name in shape.inputs]
            ops.append(_op(shape, inputs, output, self.widths, next(turn), logits))
            tensors[shape.output] = output
        channels = self.shapes.image[0]
        return IntegerProgram("integer", image, np.zeros((channels, 256), np.uint8), ops, {}, "",
                              {})

    @staticmethod
    def _codes(
        name: str, shape: tuple[int, ...], bits: int, signed: bool = False,
        encoding: str = "uniform",
    ) -> Tensor:
        return Tensor(name, shape, bits, signed, encoding)


def _bound(shape: OpShape, weights: int, top: int) -> int:
    """Of a layer's accumulators, and as much again, as other methods have other weights."""
    return min(int(2 * shape.reach * top * ((1 << weights) - 1)), (1 << _WIDEST_ACC - 1) - 1)


def _op(
    shape: OpShape, inputs: list[Tensor], output: Tensor, widths: Mapping[str, int], turn: int,
    logits: Mapping[str, int],
) -> Op:
    """An op with constants that fill its widths."""
    attributes = dict(shape.attributes or {})
    constants: dict[str, np.ndarray] = {}
    shift = 16 + turn % 8
    match shape.kind:
        case "linear":
            assert shape.weight is not None
            name, outputs, columns = shape.weight
            bits = widths[name]
            attributes |= {"weight_bits": bits, "input_zero_point": inputs[0].zero_point,
                           "input_top": inputs[0].limits()[1],
                           "accumulator_bound": _bound(shape, bits, inputs[0].limits()[1])}
            weight = np.full((outputs, columns), 1 << bits - 1, np.uint8)
            weight[:, 0], weight[:, -1] = 0, (1 << bits) - 1
            constants = {"weight": weight,
                         "weight_zero_point": np.full(outputs, 1 << bits - 1, np.int32),
                         "bias": np.zeros(outputs, np.int32),
                         "multiplier": np.full(outputs, 1 << 15, np.int32),
                         "shift": np.full(outputs, shift, np.uint8)}
        case "query_key":
            inner = inputs[0].shape[-1] // attributes["heads"]
            bound = query_key_bound(inputs[0].reach, inputs[1].reach, inner)
            attributes |= {"q_zero_point": inputs[0].zero_point,
                           "k_zero_point": inputs[1].zero_point, "product_bound": bound,
                           "accumulator_bound": bound, "multiplier": 1 << 15, "shift": shift,
                           "width": output.bits}
        case "softmax":
            attributes |= softmax.parameters(
                2.0 ** -8 * (1 + turn / 1024), 1.0, bits=output.bits, zero_code=_ZERO_CODE,
                **logits)._asdict()
        case "attention_value":
            attributes |= {"v_zero_point": inputs[1].zero_point, "softmax_bits": inputs[0].bits,
                           "zero_code": _ZERO_CODE, "multipliers": [1 << 15, 46341, shift],
                           "accumulator_bound": value_bound(inputs[0], inputs[1], _ZERO_CODE)}
        case "layernorm":
            attributes |= {"shift": shift - 4, "epsilon": 1}
            constants = {name: np.zeros(output.shape[-1], np.int32) for name in ("gain", "offset")}
        case "table":
            constants = {"table": np.zeros(1 << inputs[0].bits, np.uint8)}
        case "embed":
            constants = {"constants": np.zeros(prod(output.shape), np.int16).reshape(output.shape)}
        case "patches" | "add" | "select" | "average":
            pass
        case _:
            raise ValueError(f"op {shape.name!r}: the engine has no {shape.kind}")
    return Op(shape.name, shape.kind, shape.inputs, output, attributes, constants)
