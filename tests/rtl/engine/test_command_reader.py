# amaranth: UnusedElaboratable=no
"""The command reader: every beat in order, bursts as AXI4 wants them, errors, bugs that show."""


import pytest

from tests.rtl.engine.reader_bench import (
    BUSY,
    DECERR,
    ERROR,
    MISALIGNED,
    OKAY,
    PAGE,
    SLVERR,
    SOFT_RESET,
    START,
    sent,
    simulate,
)
from vit2rtl.rtl.engine.burst_reader import BurstReader
from vit2rtl.rtl.engine.command_reader import CommandReader
from vit2rtl.rtl.engine.reader_map import ID, register_map

HIGH = 0x12_3456_0000_0000  # above what 32 bits reach
# Address, beats, count: short and long, off the multiples of a burst, across 4 KiB, repeats.
STREAMS = [
    (0x1000, 1, 1), (0x1000, 1, 5), (0x1008, 15, 3), (0x1078, 2, 2), (0x1080, 16, 2),
    (HIGH + PAGE - 40, 25, 2), (HIGH + PAGE - 8, 2, 3), (2**32 - 24, 40, 1), (0x2068, 301, 2),
]
PAUSES = [(0, 0, 0), (0.5, 0, 0), (0, 0.5, 0), (0, 0, 0.5), (0.7, 0.3, 0.6), (0, 0, 0.95)]


def streams(bench, chosen=STREAMS):
    for address, beats, count in chosen:
        bench.given.clear()
        bench.bursts.clear()
        assert bench.start(address, beats, count) == OKAY
        assert bench.until_idle() == 0
        assert bench.given == sent(address, beats, count)
        assert sum(length for _, length in bench.bursts) == beats * count


@pytest.mark.parametrize("pauses", PAUSES, ids=str)
@pytest.mark.parametrize("latency", [1, 40])
def test_every_beat_in_order(latency, pauses):
    def scenario(bench):
        streams(bench)

    simulate(CommandReader(), scenario, latency=latency, pauses=pauses)


@pytest.mark.parametrize(("burst", "outstanding", "depth"), [(2, 2, 2), (4, 2, 16), (256, 4, 512)])
def test_other_sizes(burst, outstanding, depth):
    def scenario(bench):
        streams(bench)

    dut = CommandReader(burst=burst, outstanding=outstanding, depth=depth)
    simulate(dut, scenario, latency=7, pauses=(0.2, 0.2, 0.2), accepts=outstanding)


@pytest.mark.parametrize(("latency", "outstanding"), [(1, 8), (40, 8), (100, 8), (40, 4)])
def test_a_beat_a_cycle(latency, outstanding):
    """Over the border of 4 KiB and from one stream to the next."""
    def scenario(bench):
        assert bench.start(0x1010, 1200, 2) == OKAY
        bench.until_idle()
        assert bench.given == sent(0x1010, 1200, 2)
        first, last = bench.cycles[0], bench.cycles[-1]
        rate = (len(bench.given) - 1) / (last - first)
        print(f"latency {latency}, {outstanding} bursts: {rate:.3f} beats a cycle")
        assert rate >= 0.95
        assert bench.most <= outstanding

    simulate(CommandReader(outstanding=outstanding), scenario, latency=latency,
             accepts=outstanding)


def test_bursts_are_as_documented():
    def scenario(bench):
        bench.start(13 * 8, 25)
        bench.until_idle()
        assert [beats for _, beats in bench.bursts] == [3, 16, 6]

    simulate(CommandReader(), scenario)


def test_a_stream_that_nobody_takes_asks_for_no_more_than_the_queue_holds():
    def scenario(bench):
        bench.pauses = (0, 0, 1)
        bench.start(0, 1000)
        for _ in range(400):
            bench.cycle()
        assert sum(beats for _, beats in bench.bursts) == 128
        bench.pauses = (0, 0, 0)
        assert bench.until_idle() == 0
        assert bench.given == sent(0, 1000)

    simulate(CommandReader(), scenario)


@pytest.mark.parametrize(("address", "beats", "count"), [(0, 0, 1), (0, 5, 0)])
def test_nothing_to_send(address, beats, count):
    def scenario(bench):
        assert bench.start(address, beats, count) == OKAY
        assert bench.status() == 0
        assert not bench.bursts and not bench.given

    simulate(CommandReader(), scenario)


@pytest.mark.parametrize("pauses", [(0.1, 0.1, 0.3), (0.95, 0, 0)], ids=str)
@pytest.mark.parametrize("response", [1, SLVERR, DECERR])
def test_an_error_of_the_memory_stops_it(response, pauses):
    """What came before is sent, nothing after; a soft reset makes it ready."""
    def scenario(bench):
        bench.start(0x1000, 500, 3)
        assert bench.until_idle() == ERROR | response << 4
        assert bench.given == sent(0x1000, 500)[:100]
        assert sum(beats for _, beats in bench.bursts) < 300, "asks for no more"
        assert not bench.under_way
        assert bench.write("CONTROL", START) == SLVERR
        assert bench.until_idle() == ERROR | response << 4
        assert bench.write("CONTROL", SOFT_RESET) == OKAY
        assert bench.status() == 0
        streams(bench, STREAMS[2:5])

    errors = {0x1000 + 8 * 100: response, 0x1000 + 8 * 130: SLVERR ^ DECERR ^ response}
    simulate(CommandReader(), scenario, latency=30, errors=errors, pauses=pauses)


@pytest.mark.parametrize("address", [0x1001, 0x1002, 0x1004])
def test_an_address_between_beats_is_an_error(address):
    def scenario(bench):
        assert bench.start(address, 4) == OKAY
        assert bench.status() == ERROR | MISALIGNED
        assert not bench.bursts
        bench.write("CONTROL", SOFT_RESET | START)
        assert bench.status() == 0
        streams(bench, STREAMS[:2])

    simulate(CommandReader(), scenario)


@pytest.mark.parametrize("cycles", [0, 1, 2, 3, 20, 44, 45, 46, 60, 200])
def test_soft_reset_in_mid_stream(cycles):
    """What is under way comes and is dropped; the next stream is whole."""
    def scenario(bench):
        bench.start(0x1000, 500, 3)
        for _ in range(cycles):
            bench.cycle()
        bench.stream_stays = False
        bench.write("CONTROL", SOFT_RESET)
        given = len(bench.given)
        assert bench.until_idle() == 0
        assert not bench.under_way and len(bench.given) == given
        bench.stream_stays = True
        streams(bench, STREAMS[4:7])

    simulate(CommandReader(), scenario, latency=40, pauses=(0.6, 0.1, 0.3))


def test_registers():
    def scenario(bench):
        assert bench.read("ID") == (ID, OKAY) == (0x56325243, OKAY)
        assert bench.read("VERSION") == (0x10000, OKAY)
        for register in register_map():
            assert bench.read(register.name) == (register.reset, OKAY)
            if register.access == "r":
                assert bench.write(register.name, 1) == SLVERR
        for offset in (0x20, 0x3C):
            assert bench.read(offset) == (0, SLVERR)
        for name in ("ADDRESS_LOW", "ADDRESS_HIGH", "BEATS", "COUNT"):
            bench.write(name, 0xFFFFFFFF)
            assert bench.write(name, 0x11223344, strobes=0b1010) == OKAY
            assert bench.read(name) == (0x11FF33FF, OKAY)
        assert bench.write("CONTROL", START, strobes=0b1110) == OKAY
        assert bench.status() == 0

    simulate(CommandReader(), scenario)


def test_nothing_changes_while_it_is_busy():
    def scenario(bench):
        bench.pauses = (0, 0, 1)
        bench.start(0x1000, 300)
        assert bench.status() == BUSY
        for name in ("ADDRESS_LOW", "ADDRESS_HIGH", "BEATS", "COUNT"):
            before = bench.read(name)
            assert bench.write(name, 8) == SLVERR
            assert bench.read(name) == before
        assert bench.write("CONTROL", START) == SLVERR
        bench.pauses = (0, 0, 0)
        assert bench.until_idle() == 0
        assert bench.given == sent(0x1000, 300)

    simulate(CommandReader(), scenario)


@pytest.mark.parametrize("pauses", [(0, 0, 1), (1, 0, 0)], ids=["a beat waits", "an address waits"])
def test_reset(pauses):
    """Nothing is taken or offered; then as after power-up."""
    def scenario(bench):
        bench.pauses = pauses
        bench.start(0x1000, 500)
        for _ in range(50):
            bench.cycle()
        bench.set("aresetn", 0)
        for name in ("s_axi_awvalid", "s_axi_wvalid", "s_axi_arvalid", "m_axi_rvalid"):
            bench.set(name, 1)
        for name in ("m_axi_arvalid", "m_axi_rready", "m_axis_tvalid", "s_axi_awready",
                     "s_axi_wready", "s_axi_arready", "s_axi_bvalid", "s_axi_rvalid"):
            assert not bench.get(name), name
        bench.tick()
        for name in ("s_axi_awvalid", "s_axi_wvalid", "s_axi_arvalid", "m_axi_rvalid"):
            bench.set(name, 0)
        bench.set("aresetn", 1)
        bench.under_way.clear()
        bench.offered = bench.address = None
        bench.pauses = (0, 0, 0)
        assert bench.status() == 0
        assert bench.read("COUNT") == (1, OKAY)
        streams(bench, STREAMS[2:4])

    simulate(CommandReader(), scenario, latency=20)


@pytest.mark.parametrize(("sizes", "message"), [
    ({"burst": 512}, "Burst must be a power of two from 2 to 256, not 512"),
    ({"burst": 12}, "Burst must be a power of two from 2 to 256, not 12"),
    ({"outstanding": 1}, "Outstanding must be a power of two from 2 to 64, not 1"),
    ({"depth": 8}, "Depth must be a power of two from 16 to 4096, not 8"),
])
def test_sizes_that_cannot_be(sizes, message):
    with pytest.raises(ValueError) as error:
        BurstReader(**sizes)
    assert str(error.value) == message
