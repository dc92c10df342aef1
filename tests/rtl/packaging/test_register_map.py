"""The register map of a few tops as literal numbers: what software was written against stays."""

import pytest

from vit2rtl.golden.units import Field, Instance
from vit2rtl.rtl.packaging import register_map as described
from vit2rtl.rtl.packaging.register_map import register_map

# Offset, access and value after reset of what every top has, below 0x40.
FIXED = {
    "ID": (0x00, "r", 0x56325254),
    "VERSION": (0x04, "r", 0x00010000),
    "CONTROL": (0x10, "rw", 0),
    "STATUS": (0x14, "r", 0),
}
# (unit, parameters, channels): address bits; GEOMETRY; other registers with offset, access and
# fields (name, lowest bit, width); channel tables: offset, rows, strides of lane and row, fields.
MULTIPLIER = [[("multiplier", 0, 16), ("shift", 16, 3)]]
CONFIGURED = {"SHIFT_BASE": (0x40, "idle", [("shift_base", 0, 6)]),
              "ZERO_POINT": (0x44, "idle", [("zero_point", 0, 5)])}
MAPS = [
    (("requantizer", {"lanes": 2}, 64), 12, 0x2002,
     {"ROW_BEATS": (0x18, "idle", [("beats", 0, 6)]), **CONFIGURED},
     (0x800, 32, 4, 8, MULTIPLIER)),
    (("requantizer", {"lanes": 3}, 24), 12, 0x803,
     {"ROW_BEATS": (0x18, "idle", [("beats", 0, 4)]), **CONFIGURED},
     (0x800, 8, 4, 16, MULTIPLIER)),
    (("requantizer", {"lanes": 8}, 3072), 15, 0x20008,
     {"ROW_BEATS": (0x18, "idle", [("beats", 0, 10)]), **CONFIGURED},
     (0x4000, 512, 4, 32, MULTIPLIER)),
    (("requantizer", {"lanes": 1}, 1), 12, 0x201,
     {"ROW_BEATS": (0x18, "idle", [("beats", 0, 2)]), **CONFIGURED},
     (0x800, 2, 4, 4, MULTIPLIER)),
    (("requantizer", {"lanes": 2}, 0), 12, 0x2, CONFIGURED, None),
    (("log_sqrt2_quantizer", {"lanes": 2}, 1024), 12, 0x2,
     {"THRESHOLD_A": (0x40, "idle", [("threshold_a", 0, 16)]),
      "THRESHOLD_B": (0x44, "idle", [("threshold_b", 0, 16)])}, None),
    (("log2_dequantizer", {"lanes": 4}, 1024), 12, 0x4, {}, None),
]


@pytest.mark.parametrize(("top", "address_bits", "geometry", "others", "table"), MAPS)
def test_the_map_in_numbers(top, address_bits, geometry, others, table):
    unit, parameters, channels = top
    registers = register_map(Instance.of(unit, **parameters), channels=channels)
    assert registers.address_width == address_bits
    found = {r.name: (r.offset, r.access, r.reset) for r in registers.registers}
    assert found.pop("GEOMETRY") == (0x0C, "r", geometry)
    assert found.pop("INSTANCE")[:2] == (0x08, "r")
    expected = FIXED | {name: (*place[:2], 0) for name, place in others.items()}
    assert found == expected
    for name, (_, _, fields) in others.items():
        assert [(b.name, b.lsb, b.width) for b in registers.register(name).bits] == fields
    for name, field in (("CONTROL", "enable"), ("STATUS", "busy")):
        assert [(b.name, b.lsb, b.width) for b in registers.register(name).bits] == [(field, 0, 1)]
    held = registers.table
    assert table == (held and (
        held.offset, held.rows, held.lane_stride, held.row_stride,
        [[(b.name, b.lsb, b.width) for b in word] for word in held.words]))


def test_fields_wider_than_a_word_are_cut_where_it_ends():
    words = described._words((Field("a", 20), Field("b", 40, signed=True), Field("c", 8)))
    assert [[(b.name, b.lsb, b.width, b.signed) for b in word] for word in words] == [
        [("a", 0, 20, False), ("b_0", 20, 12, False)],
        [("b_1", 0, 28, True), ("c_0", 28, 4, False)],
        [("c_1", 0, 4, False)],
    ]
