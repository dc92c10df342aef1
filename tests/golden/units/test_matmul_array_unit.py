"""What the array's contract allows, by hand."""

import pytest

from vit2rtl.golden.engine.instructions import OPERANDS, Unit
from vit2rtl.golden.units import UNITS, Instance


def allowed(instance, **settings):
    limits = UNITS["matmul_array"].domain(instance.parameters)
    return all(limit.holds(settings).all() for limit in limits)


@pytest.mark.parametrize(("base", "digits", "zero_point", "fits"), [
    (4, 1, 16, True), (4, 1, 17, False), (4, 2, 256, True), (4, 2, 257, False),
    (6, 1, 64, True), (6, 1, 65, False), (6, 2, 4096, True), (6, 2, 4097, False),
])
def test_a_zero_point_is_at_most_one_more_than_its_digits_hold(base, digits, zero_point, fits):
    instance = Instance.of("matmul_array", weights="codes", base=base)
    shape = {"tokens": 1, "k_tiles": 1, "code_digits": 1, "weight_digits": digits}
    assert allowed(instance, **shape, weight_zero_point=zero_point, code_zero_point=0) == fits


@pytest.mark.parametrize("empty", ["tokens", "k_tiles", "code_digits", "weight_digits"])
def test_nothing_is_empty(empty):
    instance = Instance.of("matmul_array")
    shape = dict.fromkeys(("tokens", "k_tiles", "code_digits", "weight_digits"), 1)
    assert allowed(instance, **shape)
    assert not allowed(instance, **shape | {empty: 0})


def test_fields_hold_what_the_engine_s_instruction_does():
    fields = {field.name: field for field in Instance.of("matmul_array").configuration}
    assert fields["k_tiles"].width == OPERANDS[Unit.MATMUL]["k_tiles"].width
    assert (fields["tokens"].top, fields["code_digits"].top, fields["weight_digits"].top) == (
        256, 2, 2)
