"""Packages of units on trial: files, replay in Icarus, rows by hand, tables through AXI4-Lite."""

import json
import re
import subprocess

import pytest
from amaranth.hdl import Module

from vit2rtl.golden.units import Instance, directed_records
from vit2rtl.rtl.packaging.axi_lite import PATIENCE
from vit2rtl.rtl.packaging.package import write_package
from vit2rtl.rtl.packaging.register_map import register_map
from vit2rtl.rtl.packaging.software import c_header, system_rdl
from vit2rtl.rtl.stream import axi_stream

from .axi_driver import simulate
from .rtl.table_lookup import TableLookup

UNITS = ("row_maximum", "table_lookup")
OKAY, SLVERR = 0, 2


def small(unit):
    parameters = {"bits": 3} if unit == "table_lookup" else {}
    return Instance.of(unit, lanes=2, width=4, **parameters)


@pytest.fixture(params=UNITS)
def package(request, tmp_path):
    instance = small(request.param)
    return instance, tmp_path / "ip", write_package(instance, tmp_path / "ip")


def test_the_package_is_whole_and_its_vectors_replay(package):
    instance, folder, files = package
    name = instance.name
    assert {f"rtl/{name}.v", f"rtl/{name}_axis.v", f"rtl/{name}_axi.v", f"{name}.core",
            f"registers/{name}.rdl", f"software/{name}.h", "doc/timing.svg"} <= set(files)
    sheet = (folder / "README.md").read_text()
    start = sheet.partition("```text\n")[2].partition("```")[0].splitlines()
    outputs = [
        subprocess.run(line.split(), cwd=folder, capture_output=True, text=True)
        for line in start if line.startswith(("iverilog ", "vvp "))
    ]
    assert [done.returncode for done in outputs] == [0, 0], outputs
    assert outputs[1].stdout.startswith(f"PASS {name} ")
    top = ["iverilog", "-g2001", "-Wall", "-o", "/dev/null", "-c", f"{name}.f"]
    done = subprocess.run(top, cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_data_sheet_works_a_row_by_hand(tmp_path):
    instance = small("row_maximum")
    write_package(instance, tmp_path / "ip")
    sheet = (tmp_path / "ip/README.md").read_text()
    section = sheet.partition("## One row by hand")[2].partition("\n## ")[0]
    sums = re.findall(r"`(\w+)_tdata` = `(\w+)`", section)
    parts = [
        sum(int(value, 16) << int(place) for value, place in re.findall(r"0x(\w+) << (\d+)", table))
        for table in section.split("The sum of the last column")[:-1]
    ]
    assert parts == [int(digits, 16) for _, digits in sums]
    elements = [int(cells.split("|")[3]) for cells in section.splitlines() if "`value`" in cells]
    (result,) = [int(cells.split("|")[3]) for cells in section.splitlines() if "`maximum`" in cells]
    assert len(elements) > instance.lanes and max(elements) == result
    drawn = {row["name"]: row for row in json.loads(
        (tmp_path / "ip/doc/timing.json").read_text())["signal"] if row}
    assert len(drawn["m_axis_tdata"]["data"]) == 2
    assert drawn["s_axis_tlast"]["wave"].count("1") == 2


def test_the_table_is_in_registers_header_and_data_sheet(tmp_path):
    instance = small("table_lookup")
    registers = register_map(instance)
    write_package(instance, tmp_path / "ip")
    assert "s_axis_table" not in (tmp_path / f"ip/rtl/{instance.name}_axi.v").read_text()
    assert "} TABLE_DATA @ 0x40;" in system_rdl(registers)
    assert "sw = w;" in system_rdl(registers)
    header = c_header(registers)
    assert "TABLE_LOOKUP_L2_B3_W4_TABLE_DATA_OFFSET 0x40u" in header
    assert "TABLE_LOOKUP_L2_B3_W4_TABLE_COUNT_COMPLETE_LSB 31u" in header
    assert "### Table `i_table`" in (tmp_path / "ip/README.md").read_text()


async def load(axi, registers, entries):
    """Write a table as software does."""
    for entry in entries:
        assert await axi.write(registers.register("TABLE_DATA").offset, entry) == OKAY


@pytest.mark.parametrize("number", [0, 1])
def test_software_loads_the_table_and_codes_go_through_it(number):
    instance = small("table_lookup")
    registers = register_map(instance)
    record = directed_records(instance)[number]
    entries = record["configuration"]["entry"].tolist()
    codes, values = record["inputs"]["code"].tolist(), record["outputs"]["value"].tolist()
    control, count = (registers.register(name).offset for name in ("CONTROL", "TABLE_COUNT"))

    async def scenario(axi):
        for table in (entries[::-1], entries):  # the second one takes the place of the first
            assert (await axi.read(count))[0] in (0, 1 << 31 | 8)
            await load(axi, registers, table[:3])
            assert await axi.read(count) == (3, OKAY)
            await load(axi, registers, table[3:])
            assert await axi.read(count) == (1 << 31 | 8, OKAY)
        assert await axi.write(control, 1) == OKAY
        for n in range(0, len(codes) - 1, 2):
            await axi.send(codes[n] | codes[n + 1] << 3, n + 3 > len(codes))
            assert await axi.take() == values[n] | values[n + 1] << 4

    simulate(registers, scenario)


def test_a_table_is_closed_while_beats_may_be_inside():
    registers = register_map(small("table_lookup"))
    control, status, data, count = (
        registers.register(name).offset
        for name in ("CONTROL", "STATUS", "TABLE_DATA", "TABLE_COUNT")
    )

    async def scenario(axi):
        await load(axi, registers, range(8))
        await axi.write(control, 1)
        assert await axi.write(data, 5) == SLVERR
        await axi.send(0o21, True)
        await axi.write(control, 0)
        assert await axi.read(status) == (1, OKAY)
        assert await axi.write(data, 5) == SLVERR
        assert await axi.read(count) == (1 << 31 | 8, OKAY)
        assert await axi.take() == 0x21
        assert await axi.read(status) == (0, OKAY)
        assert await axi.write(data, 5) == OKAY
        assert await axi.read(count) == (1, OKAY)
        assert await axi.read(data) == (0, OKAY)
        assert await axi.write(count, 0) == SLVERR

    simulate(registers, scenario)


class NeverTakesItsTable(TableLookup):
    """A unit that is wrong: the beat on offer to ``i_table`` waits for ever."""

    def elaborate(self, platform):
        m = Module()
        m.d.comb += self.i.ready.eq(1)
        return m


def test_a_unit_that_never_takes_its_table_does_not_block_the_bus(monkeypatch):
    """Writes wait for a while, then go on; elements are refused, and no data are taken."""
    instance = small("table_lookup")
    monkeypatch.setattr(axi_stream, "component",
                        lambda _: NeverTakesItsTable(**instance.parameters))
    registers = register_map(instance)
    control, status, data, count = (
        registers.register(name).offset
        for name in ("CONTROL", "STATUS", "TABLE_DATA", "TABLE_COUNT")
    )

    async def scenario(axi):
        assert await axi.write(data, 5) == OKAY
        assert await axi.read(status) == (1, OKAY)
        axi.patience = PATIENCE + 10
        assert await axi.write(data, 6) == SLVERR
        axi.patience = 4
        assert await axi.write(data, 7) == SLVERR
        assert await axi.read(count) == (1, OKAY)
        assert await axi.write(control, 1) == OKAY
        assert not axi.get("s_axis_tready")
        await axi.reset()
        assert await axi.read(status) == (0, OKAY)
        assert await axi.write(control, 1) == OKAY
        assert axi.get("s_axis_tready")

    simulate(registers, scenario)


def test_a_beat_without_last_is_inside_until_it_leaves():
    """A table is a row; the data of this unit have none."""
    registers = register_map(small("table_lookup"))

    async def scenario(axi):
        await load(axi, registers, range(8))
        await axi.write(registers.register("CONTROL").offset, 1)
        await axi.send(0o21, False)
        assert await axi.read(registers.register("STATUS").offset) == (1, OKAY)
        assert await axi.take() == 0x21
        assert await axi.read(registers.register("STATUS").offset) == (0, OKAY)

    simulate(registers, scenario)


def test_a_row_is_inside_from_its_first_beat_to_its_result():
    registers = register_map(small("row_maximum"))
    control, status = (registers.register(name).offset for name in ("CONTROL", "STATUS"))

    async def scenario(axi):
        await axi.write(control, 1)
        for row in range(3):
            assert await axi.read(status) == (0, OKAY)
            for last in (False, False, True):
                await axi.send(0x31 + row, last)
                assert await axi.read(status) == (1, OKAY)
            assert await axi.take() & 15 == 3 + (row > 14)
        await axi.write(control, 0)
        assert not axi.get("s_axis_tready")

    simulate(registers, scenario)
