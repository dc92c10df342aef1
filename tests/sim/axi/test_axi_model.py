"""The register model on its own: what docs/packages.md says of reads, writes and strobes."""

import pytest

from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.register_map import register_map
from vit2rtl.sim.axi.job import described_map
from vit2rtl.sim.axi.model import OKAY, SLVERR, Answer, Registers, Write


@pytest.fixture
def requantizer():
    instance = Instance.of("requantizer", lanes=3)
    return Registers(described_map(register_map(instance, channels=24)), {})


@pytest.fixture
def lookup():
    instance = Instance.of("table_lookup", lanes=2, bits=2, width=4)
    return Registers(described_map(register_map(instance)), {})


def written(registers, address, data, strobes=15, idle=True):
    response, changes = registers.write(Write(address, data, strobes), idle)
    if response == OKAY:
        registers.apply(changes)
    return response


def test_strobes_select_bytes_and_reserved_bits_read_as_zero(requantizer):
    word = 0x800 + 4  # row 0, lane 1: 16 bits of multiplier, 3 of shift
    assert written(requantizer, word, 0xFFFFFFFF) == OKAY
    assert requantizer.read(word, False) == Answer(0x7FFFF, OKAY)
    assert written(requantizer, word + 3, 0, 0b0010) == OKAY
    assert requantizer.read(word, False) == Answer(0x700FF, OKAY)


def test_idle_read_only_and_missing_addresses(requantizer):
    assert written(requantizer, 0x44, 3, idle=False) == SLVERR
    assert written(requantizer, 0x10, 1, idle=False) == OKAY and requantizer.enable
    for address in (0x00, 0x14, 0x1C, 0x800 + 12, 0x7FC):  # lane 3 of three is none
        assert written(requantizer, address, 0) == SLVERR
    assert requantizer.read(0x00, False) == Answer(0x56325254, OKAY)
    assert requantizer.read(0x80C, False) == Answer(0, SLVERR)
    assert requantizer.read(0x14, True) == Answer(1, OKAY)


def test_reset_clears_registers_and_keeps_tables(requantizer):
    written(requantizer, 0x44, 3)
    written(requantizer, 0x800, 5)
    requantizer.reset()
    assert requantizer.read(0x44, False) == Answer(0, OKAY)
    assert requantizer.read(0x800, False) == Answer(5, OKAY)


def test_elements_are_counted_and_read_as_zero(lookup):
    for count in (1, 2, 3, 1 << 31 | 4, 1):
        assert written(lookup, 0x40, 7) == OKAY
        assert lookup.read(0x44, False) == Answer(count, OKAY)
    assert lookup.read(0x40, False) == Answer(0, OKAY)
    assert written(lookup, 0x40, 7, idle=False) == SLVERR
