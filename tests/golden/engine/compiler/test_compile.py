"""Programs compiled and executed, in random orders: the logits are golden's."""

from dataclasses import replace

import pytest

from tests.golden.engine.compiler.engines import TINY, run
from tests.golden.engine.compiler.random_programs import random_program
from vit2rtl.golden.engine.compiler import compile

PROGRAMS = {
    "4 bits": {"depth": 2},
    "8 bits": {"bits": 8, "v_bits": 8, "weight_bits": 8},
    "2 bits": {"bits": 2, "weight_bits": 2, "image_bits": 4, "classes": 9},
    "mixed widths": {"bits": 6, "v_bits": 5, "weight_bits": 3, "softmax_bits": 3, "depth": 2},
    "no multiples of the columns": {"channels": 10, "hidden": 9, "classes": 1, "prefix": 3},
    "two heads behind": {"ends": 2, "prefix": 2, "classes": 7},
    "no token in front": {"prefix": 0, "image": (3, 6, 8)},
    "one head of attention": {"heads": 1, "patch": 1, "image": (1, 4, 7)},
}


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("name", PROGRAMS)
def test_logits(name, groups):
    program = random_program([*PROGRAMS].index(name), **PROGRAMS[name])
    image = compile(program, TINY, groups=groups)
    got, want = run(image, program, seed=groups)
    assert got == want


@pytest.mark.parametrize("columns, lanes", [(8, 4), (16, 4)])
def test_larger_arrays(columns, lanes):
    configuration = replace(
        TINY, rows=columns, columns=columns, softmax_lanes=lanes, layernorm_lanes=1,
        attention_rows=columns // 2, projected=32 * 64, stream=32 * 32)
    program = random_program(1, depth=2, softmax_bits=4)
    got, want = run(compile(program, configuration), program, seed=3)
    assert got == want


def test_keys_of_several_banks():
    """Tokens that a bank does not hold make more groups, and logits of a query more tiles."""
    configuration = replace(TINY, bank_rows=6)
    program = random_program(2, prefix=2)
    image = compile(program, configuration, groups=1)
    assert {one.work.group for one in image.instructions} == {0, 1, 2}
    got, want = run(image, program, seed=1)
    assert got == want


def test_two_linear_layers_in_a_row():
    """Without an activation function between them."""
    program = random_program(6)
    table = next(op for op in program.ops if op.kind == "table")
    before = program.ops[program.ops.index(table) - 1]
    program.ops.remove(table)
    before.output = table.output
    got, want = run(compile(program, TINY), program, seed=2)
    assert got == want


def test_small_queues():
    program = random_program(3)
    got, want = run(compile(program, TINY), program, seed=4, queue=1, fifo=4)
    assert got == want


def test_same_program_same_stream():
    streams = [compile(random_program(4), TINY).stream().tobytes() for _ in range(2)]
    assert streams[0] == streams[1]
