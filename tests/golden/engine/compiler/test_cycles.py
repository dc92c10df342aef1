"""The schedule's times: waits are kept, nothing overtakes, and all slots of the array are told."""

from collections import defaultdict
from itertools import pairwise

import pytest

from tests.golden.engine.compiler.engines import TINY
from tests.golden.engine.compiler.random_programs import random_program
from vit2rtl.golden.engine.compiler import compile
from vit2rtl.golden.engine.compiler.cycles import cycles, table
from vit2rtl.golden.engine.compiler.durations import length, overlaps
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.golden.program.kinds import KINDS


@pytest.fixture(scope="module")
def image():
    return compile(random_program(8, depth=2, bits=6), TINY)


def test_instructions_begin_once_what_they_wait_for_is_done(image):
    ours = defaultdict(list)
    for one in image.instructions:
        for unit, count in one.waits.items():
            assert one.start > ours[unit][count - 1].end
        if one.unit == Unit.EPILOGUE:
            assert one.start > ours[Unit.MATMUL][len(ours[Unit.EPILOGUE])].end
        ours[one.unit].append(one)


def test_units_do_one_after_the_other(image):
    before = {}
    for one in image.instructions:
        last = before.get(one.unit)
        if last is not None:
            cycles = length(last, TINY)
            assert one.start >= last.start + min(cycles.busy, cycles.done)
            if not overlaps(one, last):
                assert one.start > last.end
        assert one.end >= one.start + length(one, TINY).done
        before[one.unit] = one


def test_products_are_the_ops(image):
    """Of all rows in the first block; of the second what the first token needs."""
    result = cycles(image)
    products = {row.op: row.products for row in result.rows}
    tensors = image.program.tensors()
    for op in image.program.ops:
        if op.kind in ("linear", "query_key") and not op.name.startswith("1."):
            due = KINDS[op.kind].macs(op, [tensors[name] for name in op.inputs])
            assert products[op.name] == due, op.name
    assert products["1.attn.k"] == products["0.attn.k"]
    assert products["1.mlp.fc1"] * 13 == products["0.mlp.fc1"]


def test_every_instruction_and_cycle_of_a_unit_is_some_op_s(image):
    result = cycles(image)
    for row in result.rows:
        own = [one for one in image.instructions if one.work.op == row.op]
        assert row.instructions == len(own)
        for unit in Unit:
            spent = sum(length(one, TINY).busy for one in own if one.unit == unit)
            assert row.busy.get(unit.name.lower(), 0) == spent
    for unit in Unit:
        spent = sum(length(one, TINY).busy for one in image.instructions if one.unit == unit)
        assert result.busy[unit.name.lower()] == pytest.approx(spent / result.total)


def test_all_slots_of_the_array(image):
    result = cycles(image)
    assert sum(result.lost.values()) + result.utilization == pytest.approx(1)
    assert min(result.lost.values()) >= 0
    assert result.total == max(one.end for one in image.instructions)
    tiles = [one for one in image.instructions if one.unit == Unit.MATMUL]
    waited = sum(after.start - before.end for before, after in pairwise(tiles)
                 if after.start > before.end) + tiles[0].start
    assert sum(row.waited for row in result.rows) == waited
    assert result.lost["waiting"] == pytest.approx(
        (waited + result.total - tiles[-1].end) / result.total)
    lines = [*table(result)]
    assert len(lines) == len(result.rows) + 5
    assert lines[-3].startswith(f"{result.total:,} cycles an image, ")


def test_a_second_group_hides_what_the_first_waits_for():
    program = random_program(9, depth=2, image=(1, 8, 14), hidden=32, channels=16)
    one, two = (cycles(compile(program, TINY, groups=groups)) for groups in (1, 2))
    assert two.lost["waiting"] < one.lost["waiting"]
