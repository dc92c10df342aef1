"""The AXI tops, driven by cocotbext-axi in Icarus on golden vectors: a manager that is not ours."""

import re

import pytest

from tests.lane_wise import LANE_WISE
from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.register_map import register_map
from vit2rtl.rtl.packaging.software import system_rdl
from vit2rtl.rtl.packaging.sources import sources, top_name

from .axi_job import (
    BENCHES,
    SETTINGS,
    rdl_registers,
    registers_job,
    run_bench,
    settings_job,
)


def three_lanes(unit):
    instance = Instance.of(unit, lanes=3)
    return instance, register_map(instance, channels=12)


@pytest.mark.parametrize("unit", LANE_WISE)
def test_streams_with_configuration_ports(unit, tmp_path, bench):
    instance = Instance.of(unit, lanes=3)
    job = settings_job(instance, bench.pack)
    results = run_bench(sources(instance), f"{instance.name}_axis", job, tmp_path)
    assert results == dict.fromkeys(SETTINGS, "")


@pytest.mark.parametrize("unit", LANE_WISE)
def test_streams_and_registers(unit, tmp_path, bench):
    instance, registers = three_lanes(unit)
    job = registers_job(
        instance, registers, rdl_registers(system_rdl(registers), tmp_path), bench.pack
    )
    results = run_bench(sources(instance, registers), top_name(registers), job, tmp_path)
    assert results == dict.fromkeys(BENCHES, "")


def test_a_dropped_tlast_of_the_stream_top_is_caught(tmp_path, bench):
    instance = Instance.of("log2_dequantizer", lanes=3)
    texts = sources(instance)
    file = f"{instance.name}_axis.v"
    texts[file], count = re.subn(r"\{ s_axis_tlast, ", "{ 1'h0, ", texts[file])
    assert count == 1
    job = settings_job(instance, bench.pack)
    results = run_bench(texts, f"{instance.name}_axis", job, tmp_path)
    assert results["streams_with_configuration_ports"]
