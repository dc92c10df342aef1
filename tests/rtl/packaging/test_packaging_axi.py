"""The AXI tops, driven by cocotbext-axi in Icarus on golden vectors; and the benches can fail."""

import re

import pytest

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.packaging.register_map import register_map
from vit2rtl.rtl.packaging.software import system_rdl
from vit2rtl.rtl.packaging.sources import sources, top_name

from .axi_job import (
    BENCHES,
    CLOSED,
    HOLES,
    REGISTERS,
    SETTINGS,
    STREAMS,
    rdl_registers,
    registers_job,
    run_bench,
    settings_job,
)


def three_lanes(unit):
    instance = Instance.of(unit, lanes=3)
    return instance, register_map(instance, channels=12)


@pytest.mark.parametrize("unit", UNITS)
def test_streams_with_configuration_ports(unit, tmp_path, bench):
    instance = Instance.of(unit, lanes=3)
    job = settings_job(instance, bench.pack)
    results = run_bench(sources(instance), f"{instance.name}_axis", job, tmp_path)
    assert results == dict.fromkeys(SETTINGS, "")


@pytest.mark.parametrize("unit", UNITS)
def test_streams_and_registers(unit, tmp_path, bench):
    instance, registers = three_lanes(unit)
    job = registers_job(
        instance, registers, rdl_registers(system_rdl(registers), tmp_path), bench.pack
    )
    results = run_bench(sources(instance, registers), top_name(registers), job, tmp_path)
    assert results == dict.fromkeys(BENCHES, "")


BUGS = {
    "wrong strobe": (r"(n\d+ & s_axi_wstrb)\[0\];\n(?=  assign n\d+ = ~ s_axi_bready)", r"\1[1];\n",
                     {REGISTERS}),
    "wrong address": (r"s_axi_awaddr\[11:2\] == 5'h11", "s_axi_awaddr[11:2] == 5'h12",
                      {REGISTERS, STREAMS}),
    "wrong reset value": (r"if \(rst\) zero_point <= 5'h00", "if (rst) zero_point <= 5'h01",
                          {REGISTERS}),
    "no SLVERR for writes": (r"(assign n\d+ = n\d+ \? 2'h0 : 2'h)2;", r"\g<1>0;",
                             {REGISTERS, HOLES, CLOSED}),
    "open while beats are inside": (r"idle = \w+ & \w+", "idle = 1'h1", {CLOSED}),
    "tlast dropped": (r"\.i__payload\(s_axis_tlast\)", ".i__payload(1'h0)", {STREAMS}),
    "rows do not begin again": (r"following == row_beats", "1'h0", {STREAMS}),
    "beats taken while stopped": (r"taking = aresetn & enable", "taking = aresetn", {STREAMS}),
}


@pytest.mark.parametrize("bug", BUGS)
def test_a_bug_in_the_registers_is_caught(bug, tmp_path, bench):
    """Each of the bug's benches fails."""
    pattern, replacement, caught_by = BUGS[bug]
    instance, registers = three_lanes("requantizer")
    job = registers_job(
        instance, registers, rdl_registers(system_rdl(registers), tmp_path), bench.pack
    )
    job |= {"phases": job["phases"][:2], "benches": sorted(caught_by)}
    texts = sources(instance, registers)
    file = f"{top_name(registers)}.v"
    texts[file], count = re.subn(pattern, replacement, texts[file], count=1)
    assert count == 1
    results = run_bench(texts, top_name(registers), job, tmp_path)
    assert {name for name, why in results.items() if why} == caught_by


def test_a_dropped_tlast_of_the_stream_top_is_caught(tmp_path, bench):
    instance = Instance.of("log2_dequantizer", lanes=3)
    texts = sources(instance)
    file = f"{instance.name}_axis.v"
    texts[file], count = re.subn(r"\{ s_axis_tlast, ", "{ 1'h0, ", texts[file])
    assert count == 1
    job = settings_job(instance, bench.pack)
    results = run_bench(texts, f"{instance.name}_axis", job, tmp_path)
    assert results["streams_with_configuration_ports"]
