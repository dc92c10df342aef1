"""SystemRDL and C header say the same, and it is what the register map has."""

import re
import subprocess

import pytest

from vit2rtl.golden.units import UNITS, Field, Instance, Stream, Unit
from vit2rtl.rtl.packaging.register_map import Bits, register_map
from vit2rtl.rtl.packaging.software import c_header, system_rdl

from .axi_job import rdl_registers

SETTINGS = [(unit, lanes, channels) for unit in UNITS for lanes, channels in ((3, 24), (4, 0))]


@pytest.mark.parametrize(("unit", "lanes", "channels"), SETTINGS)
def test_rdl_and_c_agree(unit, lanes, channels, tmp_path):
    instance = Instance.of(unit, lanes=lanes)
    registers = register_map(instance, channels=channels)
    described = rdl_registers(system_rdl(registers), tmp_path)
    plain = {r["name"]: r for r in described if not r["name"].startswith("ROW_0")}
    values = evaluate(c_header(registers), instance, registers, tmp_path)
    prefix = instance.name.upper()
    for register in registers.registers:
        found = plain[register.name]
        assert found["address"] == values[f"{prefix}_{register.name}_OFFSET"] == register.offset
        assert found["reset"] == values[f"{prefix}_{register.name}_RESET"]
        for name, (low, width) in found["fields"].items():
            spelled = f"{prefix}_{register.name}_{name.upper()}"
            assert values[f"{spelled}_LSB"] == low
            assert values[f"{spelled}_MASK"] == ((1 << width) - 1) << low
    if registers.table:
        table = {r["name"]: r for r in described if r["name"].startswith("ROW_")}
        table.pop("ROW_BEATS")
        assert len(table) == registers.table.rows * lanes * len(registers.table.words)
        for channel in range(registers.table.rows * lanes):
            word = table[f"ROW_{channel // lanes}.LANE_{channel % lanes}.WORD_0"]
            assert word["address"] == values[f"channel {channel}"]
            for name, (low, width) in word["fields"].items():
                assert values[f"{prefix}_CHANNEL_{name.upper()}_LSB"] == low
                assert values[f"{prefix}_CHANNEL_{name.upper()}_MASK"] == ((1 << width) - 1) << low


def evaluate(header, instance, registers, folder):
    """Every macro's value, printed by a C program; and the offset of every channel."""
    prefix = instance.name.upper()
    macros = re.findall(r"^#define (\w+) ", header, re.MULTILINE)
    lines = [f'printf("{macro} %lu\\n", (unsigned long)({macro}));' for macro in macros]
    if registers.table:
        lines.append(
            f"for (uint32_t c = 0; c < {registers.table.rows * instance.lanes}; c++)"
            f' printf("channel_%lu %lu\\n", (unsigned long)c, '
            f"(unsigned long){prefix}_CHANNEL_OFFSET(c));"
        )
    lines += [
        "uint32_t memory[64] = {0};",
        f"{instance.name}_write(memory, {prefix}_CONTROL_OFFSET, 1u);",
        f"if ({instance.name}_read(memory, {prefix}_CONTROL_OFFSET) != 1u) return 1;",
        "return memory[4] != 1u;",
    ]
    body = "\n".join(lines)
    program = f'#include <stdio.h>\n#include "map.h"\nint main(void) {{\n{body}\n}}\n'
    (folder / "map.h").write_text(header)
    (folder / "main.c").write_text(program)
    subprocess.run(
        ["gcc", "-Wall", "-Wextra", "-Werror", "-pedantic", "-std=c99", "-o", "main", "main.c"],
        cwd=folder, check=True,
    )
    done = subprocess.run([folder / "main"], capture_output=True, text=True, check=True)
    pairs = (line.split() for line in done.stdout.splitlines())
    return {name.replace("channel_", "channel "): int(value) for name, value in pairs}


def test_a_wrong_offset_in_the_header_would_show(tmp_path):
    instance = Instance.of("requantizer", lanes=3)
    registers = register_map(instance, channels=24)
    header = c_header(registers).replace("* 0x4u)", "* 0x8u)")
    assert header != c_header(registers)
    values = evaluate(header, instance, registers, tmp_path)
    described = {r["name"]: r for r in rdl_registers(system_rdl(registers), tmp_path)}
    assert values["channel 1"] != described["ROW_0.LANE_1.WORD_0"]["address"]


WIDE_FIELDS = (
    Field("acc", 20, signed=True),
    Field("gain", 24, channel=True),
    Field("offset", 40, signed=True, channel=True),
)
WIDE = Unit(
    name="wide",
    component="Wide",
    summary="fields wider than a register",
    parameters=UNITS["log2_dequantizer"].parameters,
    streams=lambda p: (
        Stream("i", WIDE_FIELDS, p["lanes"]),
        Stream("o", (Field("code", 8),), p["lanes"]),
    ),
    configuration=lambda p: (Field("threshold", 40, signed=True), Field("zero_point", 9)),
    evaluate=lambda p, x, c: x,
    rounding="none",
)


def test_fields_wider_than_a_register_are_cut_where_it_ends(tmp_path):
    instance = Instance(WIDE, {"lanes": 2, "bits": 4, "width": 16, "zero_code": "top"})
    registers = register_map(instance, channels=6)
    assert [(r.name, r.offset, [b.name for b in r.bits]) for r in registers.registers[-3:]] == [
        ("THRESHOLD_0", 0x40, ["threshold_0"]),
        ("THRESHOLD_1", 0x44, ["threshold_1"]),
        ("ZERO_POINT", 0x48, ["zero_point"]),
    ]
    assert registers.table.words == (
        (
            Bits("gain", 0, 24, "`gain`, unsigned"),
            Bits("offset_0", 24, 8, "`offset`, unsigned"),
        ),
        (Bits("offset_1", 0, 32, "`offset`, two's complement", True),),
    )
    table = registers.table
    assert (table.rows, table.lane_stride, table.row_stride) == (4, 8, 16)
    described = {r["name"]: r["address"] for r in rdl_registers(system_rdl(registers), tmp_path)}
    assert described["ROW_3.LANE_1.WORD_1"] == 0x800 + 3 * 16 + 8 + 4
