"""The energy proxy: its parts by hand, and what they say of DeiT-Tiny."""

from dataclasses import replace

import pytest

from tests.golden.engine.compiler.random_programs import random_program
from vit2rtl.explore.energy import ATTENTION, PARTS, QUERIES, Product, energy, products
from vit2rtl.golden.engine.configuration import DEIT_TINY
from vit2rtl.golden.program.inspection import summary


def deit_tiny(weights, activations):
    block = [
        Product(197, 192, 576, weights, activations),
        Product(197, 64, 197, activations, activations, "queries", 3),
        Product(197, 197, 64, activations, activations, "attention", 3),
        Product(197, 192, 192, weights, activations),
        Product(197, 192, 768, weights, activations),
        Product(197, 768, 192, weights, activations),
    ]
    return [Product(196, 768, 192, 8, 8), *12 * block, Product(1, 192, 1000, 8, 8)]


def test_a_product_by_hand():
    """3 rows of 20 codes times 5 columns, W 3 and A 6 on digits of 4: one times two passes."""
    layer = Product(3, 20, 5, 3, 6)
    macs, reads = 3 * 20 * 5, 3 * 2 * 2
    parts = {
        "macs": macs * (3.05 * 4 * 8 + 3.4 * 2 * 8),
        "accumulators": reads * 5 * 2 * 20 * 156.25,
        "codes": reads * 1 * 16 * 4 * 156.25,
        "stream": 20 * 5 * 3 * 2 * 1.95e6 / 64,
    }
    wide = (macs * (3.05 * 64 + 3.4 * 4 * 8) + 24 * 5 * 2 * 27 * 156.25 + 24 * 16 * 4 * 156.25
            + 20 * 5 * 8 * 1.95e6 / 64)
    found = energy([layer], DEIT_TINY, groups=2)
    assert found["parts"] == pytest.approx({name: part / wide for name, part in parts.items()})
    assert found["ratio"] == pytest.approx(sum(parts.values()) / wide)


def test_native_columns_take_codes_and_weights_as_wide_as_they_are():
    """The same product in one pass, 18 products of two bits each."""
    layer = Product(3, 20, 5, 3, 6)
    native, digits = (energy([layer], DEIT_TINY, mac=mac)["parts"] for mac in ("native", "digit"))
    assert native["macs"] / digits["macs"] == pytest.approx(
        (3.05 * 3 * 6 + 3.4 * (3 + 6)) / (3.05 * 4 * 8 + 3.4 * 2 * 8))
    assert native["accumulators"] / digits["accumulators"] == pytest.approx(1 / 2)
    assert native["codes"] / digits["codes"] == pytest.approx(6 / (2 * 4))
    assert native["stream"] == digits["stream"]


def test_attention_times_v_by_hand():
    """Shifts and sums outside of the array: 3 queries, 20 keys, 5 channels, softmax 4, v 6 bits."""
    engine = replace(DEIT_TINY, attention_acc_width=14, attention_rows=2)
    macs = 3 * 20 * 5 * 3.4 * 14
    read, wide = 2 * 20 * (2 * 4 + 16 * 6) * 156.25, 20 * (8 * 8 + 16 * 8) * 156.25
    found = energy([Product(3, 20, 5, 6, 4, ATTENTION)], engine)["parts"]
    assert found == pytest.approx({"macs": macs / (macs + wide), "codes": read / (macs + wide),
                                   "accumulators": 0, "stream": 0})


def test_queries_and_keys_come_from_no_outside():
    found = energy([Product(3, 20, 5, 6, 4, QUERIES)], DEIT_TINY)["parts"]
    assert found["stream"] == 0 < found["accumulators"]


def test_parts_stand_as_in_the_study():
    """explore.md of W4/A4: accumulators 0.47 mJ, codes 0.05, DRAM 0.55 to 1.1; two groups 2 ×."""
    found = energy(deit_tiny(4, 4), DEIT_TINY)["parts"]
    assert found["codes"] / found["accumulators"] == pytest.approx(0.05 / 0.47, rel=0.2)
    assert 0.55 / 0.47 < found["stream"] / found["accumulators"] < 1.1 / 0.47
    assert max(found, key=found.get) == "stream" and min(found, key=found.get) == "codes"
    twice = energy(deit_tiny(4, 4), DEIT_TINY, groups=2)["parts"]
    assert twice["stream"] == pytest.approx(2 * found["stream"])
    assert {name: twice[name] for name in PARTS[:3]} == {name: found[name] for name in PARTS[:3]}


def test_settings_of_other_arrays_compare():
    """The same weights come from outside; half as long columns are added up twice as often."""
    whole = energy(deit_tiny(8, 8), DEIT_TINY)["parts"]
    half = energy(deit_tiny(8, 8), replace(DEIT_TINY, rows=8, columns=8))["parts"]
    assert half["stream"] == whole["stream"]
    assert half["accumulators"] == pytest.approx(2 * whole["accumulators"])


def test_w8a8_is_one_and_five_bits_are_eight_but_for_the_stream():
    wide = replace(DEIT_TINY, acc_width=27)
    assert energy(deit_tiny(8, 8), wide)["ratio"] == pytest.approx(1)
    eight, five = (energy(deit_tiny(bits, bits), wide)["parts"] for bits in (8, 5))
    assert five["stream"] < eight["stream"]
    assert five["accumulators"] == eight["accumulators"]
    native = energy(deit_tiny(5, 5), wide, mac="native")["parts"]
    assert native["macs"] < five["macs"] and native["accumulators"] < five["accumulators"]


def test_products_are_the_multiplications_of_a_program():
    program = random_program(1, bits=5, weight_bits=3, v_bits=6, depth=2)
    found = products(program)
    assert sum(p.tokens * p.inputs * p.outputs * p.count for p in found) == (
        summary(program)["totals"]["macs"]["all"])
    # Tokens and heads of Shape's defaults: 12 patches and one in front, 2 heads of 4 channels.
    assert [p for p in found if p.stationary == QUERIES] == 2 * [
        Product(13, 4, 13, 5, 5, QUERIES, 2)]
    assert [p for p in found if p.stationary == ATTENTION] == 2 * [
        Product(13, 13, 4, 6, 4, ATTENTION, 2)]
    assert Product(13, 8, 24, 3, 5) in found or Product(13, 8, 8, 3, 5) in found


@pytest.mark.parametrize(("change", "message"), [
    ({"mac": "analog"}, "MAC must be one of digit, native, not 'analog'"),
    ({"layers": []}, "Energy needs at least one matrix product"),
])
def test_nonsense_is_refused(change, message):
    with pytest.raises(ValueError, match=message):
        energy(**{"layers": deit_tiny(4, 4), "configuration": DEIT_TINY} | change)
    with pytest.raises(ValueError, match=r"Stationary must be one of .*, not 'keys'"):
        Product(1, 1, 1, 4, 4, "keys")
