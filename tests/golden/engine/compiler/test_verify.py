"""Faults of a command stream, one at a time: each is named."""

from dataclasses import replace

import numpy as np
import pytest

from tests.golden.engine.compiler.engines import TINY
from tests.golden.engine.compiler.random_programs import random_program
from tests.golden.engine.compiler.test_compile import PROGRAMS
from vit2rtl.golden.engine.compiler import compile
from vit2rtl.golden.engine.compiler.verify import verify
from vit2rtl.golden.engine.instructions import Destination, Unit


def compiled(groups=2, **shape):
    return compile(random_program(7, **shape), TINY, groups=groups)


def edited(image, number, **changes):
    """The image with one of its instructions changed."""
    instructions = list(image.instructions)
    instructions[number] = replace(instructions[number], **changes)
    return replace(image, instructions=tuple(instructions))


def first(image, unit, **operands):
    """The number of the first instruction of a unit with some operands."""
    return next(n for n, one in enumerate(image.instructions) if one.unit == unit and all(
        one.operands[name] == value for name, value in operands.items()))


@pytest.mark.parametrize("groups", [1, 2])
@pytest.mark.parametrize("name", PROGRAMS)
def test_what_is_compiled_is_right(name, groups):
    program = random_program([*PROGRAMS].index(name), **PROGRAMS[name])
    assert verify(compile(program, TINY, groups=groups)) == []


@pytest.mark.parametrize("shape", [{}, {"ends": 2, "prefix": 2}])
def test_every_wait_that_is_dropped(shape):
    image = compiled(**shape)
    dropped = 0
    for number, one in enumerate(image.instructions):
        for unit in one.waits:
            waits = {other: count for other, count in one.waits.items() if other != unit}
            problems = verify(edited(image, number, waits=waits))
            assert any("does not wait for" in problem for problem in problems), (number, unit)
            dropped += 1
    assert dropped > 20


@pytest.mark.parametrize("groups", [1, 2])
def test_every_wait_for_one_instruction_less(groups):
    image = compiled(groups=groups)
    for number, one in enumerate(image.instructions):
        for unit, count in one.waits.items():
            problems = verify(edited(image, number, waits=one.waits | {unit: count - 1}))
            assert problems, (number, unit)


def test_a_sentence():
    image = compiled(groups=1)
    number = first(image, Unit.LAYERNORM)
    problems = verify(edited(image, number, waits={}))
    assert problems[0] == (
        "layernorm 0 (0.attn.norm, tile 0, rows 0 to 12) does not wait for load 1 (embed, tile 0, "
        "rows 0 to 12): in stream it reads what the earlier one writes")


def operand(**values):
    return lambda one: {"operands": one.operands | values}


@pytest.mark.parametrize(("unit", "find", "change", "text"), [
    (Unit.MATMUL, {"dynamic": 0}, operand(base=1), "reads word 1 of hidden"),
    (Unit.MATMUL, {"dynamic": 1}, operand(query_base=1), "reads word 1 of queries"),
    (Unit.MATMUL, {"dynamic": 0}, operand(rows=33),
     "has rows 33, which must be between 1 and 32"),
    (Unit.LAYERNORM, {}, operand(table=0, rows=1), "has 16 beats of payload, and takes 0"),
    (Unit.EPILOGUE, {"destination": Destination.QUERIES}, operand(base=400),
     "of queries, which has 384"),
    (Unit.SOFTMAX, {}, operand(logit_base=1), "reads word"),
    (Unit.ATTENTION, {}, operand(code_base=1), "reads word"),
    (Unit.ATTENTION, {}, operand(value_base=1), "reads word 1 of values"),
    (Unit.EPILOGUE, {"destination": Destination.OUTPUT}, operand(last=1),
     "more than one instruction gives the last logits"),
])
def test_other_faults(unit, find, change, text):
    image = compiled(groups=1)
    number = first(image, unit, **find)
    problems = verify(edited(image, number, **change(image.instructions[number])))
    assert any(text in problem for problem in problems), problems[:3]


def test_a_table_of_another_layer():
    image = compiled(groups=1, depth=2)
    tables = [n for n, one in enumerate(image.instructions)
              if one.unit == Unit.LAYERNORM and one.operands["table"]]
    one = image.instructions[tables[1]]
    wrong = edited(image, tables[1], operands=one.operands | {"table": 0},
                   payload=np.zeros(0, np.uint64))
    assert verify(wrong) == ["layernorm 1 (0.mlp.norm, tile 0, rows 0 to 12) has the table of "
                             "0.attn.norm"]


def test_a_tile_that_finds_no_room():
    image = compiled(groups=1)
    order = [replace(one, waits={}) for one in image.instructions]
    tiles = [n for n, one in enumerate(order) if one.unit == Unit.MATMUL]
    order.insert(first(image, Unit.EPILOGUE), order.pop(tiles[2]))
    problems = verify(replace(image, instructions=tuple(order)))
    assert "matmul 2 comes before the epilogue that makes room for its sums" in problems
