"""What units do of an op: every element of its output, at its place, by the units' functions."""

from dataclasses import replace

import numpy as np
import pytest

from tests.golden.program import kind_ops
from vit2rtl.golden.arithmetic import matmul
from vit2rtl.golden.engine import CONFIGURATIONS
from vit2rtl.golden.engine.kinds import NAMES, PLACEMENTS
from vit2rtl.golden.engine.placement import NOWHERE, Use
from vit2rtl.golden.engine.tiles import blocks, digits, filled, padded
from vit2rtl.golden.program.execute import run_op
from vit2rtl.golden.program.program import Op, Tensor

SMALL = CONFIGURATIONS["small"]
MOVES = {"patches", "embed", "select", "average"}
STREAM = Tensor("s", (5, 6), 16, True, scale=0.5)


def layernorm():
    gain, offset = np.arange(-900, 900, 300), np.arange(6) << 17
    output = Tensor("c", (5, 6), 4, scale=1.0)
    return Op("op", "layernorm", ("s",), output, {"shift": 8, "epsilon": 7},
              {"gain": gain, "offset": offset}), [STREAM]


def add():
    return Op("op", "add", ("s", "b"), STREAM), [STREAM, STREAM]


def logits():
    op, inputs = kind_ops.query_key_to_logits()
    op.tensors, op.attributes["accumulator_bound"] = {}, 432
    return op, inputs


def wider_logits():
    """Queries of two digits whose centered values fit one."""
    op, (q, k) = logits()
    op.attributes |= {"q_zero_point": 16, "accumulator_bound": 16 * 12 * 3,
                      "product_bound": 16 * 12 * 3}
    return op, [replace(q, bits=5, zero_point=16), k]


def wide():
    """A linear layer with two digits a code and a weight, more tokens than a bank, odd sizes."""
    op, inputs = kind_ops.linear()
    generator = np.random.default_rng(5)
    weight, zero = generator.integers(0, 64, (11, 19), np.uint8), np.arange(20, 31)
    bias = np.arange(-5000, 6000, 1000)
    op.tensors |= {
        "weight": weight, "weight_zero_point": zero, "bias": bias,
        "multiplier": np.arange(40000, 40011), "shift": np.arange(11) % 3 + 22,
    }
    op.output = replace(op.output, shape=(9, 11), bits=8)
    bound = matmul.linear_bounds(
        weight.astype(int) - zero[:, np.newaxis],
        matmul.unfold(bias, weight.astype(int) - zero[:, np.newaxis], 3), 3, 255).accumulator
    op.attributes |= {"weight_bits": 6, "input_top": 255, "accumulator_bound": bound}
    return op, [replace(inputs[0], shape=(9, 19), bits=8)]


CASES = {
    "linear": kind_ops.linear, "wide": wide, "query_key": logits, "wider": wider_logits,
    "softmax": kind_ops.softmaxes,
    "attention_value": kind_ops.attention_value, "layernorm": layernorm, "table": kind_ops.table,
    "add": add,
}


def use_of(op, tensors, seed=3):
    """Elements drawn from all that there are."""
    generator = np.random.default_rng(seed)
    arrays = [generator.integers(*tensor.limits(), tensor.shape, endpoint=True)
              .astype(tensor.dtype) for tensor in tensors]
    return Use(op, tensors, arrays, run_op(op, [array[np.newaxis] for array in arrays])[0])


@pytest.mark.parametrize("configuration", [
    SMALL, replace(SMALL, rows=5, columns=3, packed_columns=2, bank_rows=7, softmax_lanes=3,
                   attention_rows=3),
    replace(SMALL, base=5, packed_columns=0, acc_width=23),
], ids=["small", "odd", "base 5"])
@pytest.mark.parametrize("case", CASES)
def test_units_compute_every_element_of_the_output(case, configuration):
    use = use_of(*CASES[case]())
    seen = np.zeros(use.output.size, int)
    for record in PLACEMENTS[use.op.kind].records(use, configuration):
        got = record.instance.evaluate(record.inputs, record.settings)
        for field, want in record.outputs.items():
            assert np.array_equal(got[field], want), (record.part, field)
        if record.part:
            continue
        for field, places in record.places.items():
            there = places != NOWHERE
            seen[places[there]] += 1
            assert np.array_equal(record.outputs[field][there],
                                  use.output.reshape(-1)[places[there]])
    assert (seen == 1).all()


def test_what_no_unit_computes_is_moved():
    assert {kind for kind in NAMES if PLACEMENTS[kind].records is None} == MOVES
    assert {*CASES} - {"wide", "wider"} == {*NAMES} - MOVES


def test_digits_of_signed_and_of_unsigned_numbers():
    values = np.array([-256, -1, 0, 5, 255])
    upper, lower = digits(values, 2, 4)
    assert upper.tolist() == [-16, -1, 0, 0, 15] and lower.tolist() == [0, 15, 0, 5, 15]
    assert digits(values, 1, 4).tolist() == [values.tolist()]


def test_edges_are_filled_up():
    assert blocks(5, 3).tolist() == [[0, 1, 2], [3, 4, 4]]
    assert filled(5, 3).tolist() == [[False] * 3, [False, False, True]]
    assert blocks(3, 3).tolist() == [[0, 1, 2]]
    assert padded(np.ones((2, 3)), 4, 9).tolist() == [[1, 1, 1, 9]] * 2
