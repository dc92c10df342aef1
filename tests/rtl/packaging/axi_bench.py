"""cocotb tests that drive the AXI tops with cocotbext-axi; a job says what to expect."""

import json
import os
from itertools import cycle
from pathlib import Path

import cocotb
from cocotb.clock import Clock
from cocotb.triggers import ClockCycles, RisingEdge, with_timeout
from cocotbext.axi import (
    AxiLiteBus,
    AxiLiteMaster,
    AxiStreamBus,
    AxiStreamFrame,
    AxiStreamSink,
    AxiStreamSource,
)

JOB = json.loads(Path(os.environ["AXI_JOB"]).read_text(encoding="utf-8"))
OKAY, SLVERR = 0, 2
PAUSES = {"idle": [0, 1, 1, 0, 0, 1, 0], "stall": [1, 0, 0, 1, 1, 1, 0, 0, 0, 0]}


def benched(bench):
    """A cocotb test, if the job asks for it."""
    return cocotb.test(skip=bench.__name__ not in JOB["benches"])(bench)


async def start(dut, *, stalls=True):
    """Clock and reset; the stream's source and sink, and the AXI4-Lite manager where there is one.

    All of them drive their signals before the reset ends.
    """
    Clock(dut.aclk, 10, unit="ns").start()
    ends = []
    for kind, prefix, pauses in (
        (AxiStreamSource, "s_axis", PAUSES["idle"]),
        (AxiStreamSink, "m_axis", PAUSES["stall"]),
    ):
        bus = AxiStreamBus.from_prefix(dut, prefix)
        end = kind(bus, dut.aclk, dut.aresetn, reset_active_level=False)
        end.log.setLevel("WARNING")
        if stalls:
            end.set_pause_generator(cycle(pauses))
        ends.append(end)
    if "registers" in JOB:
        ends.append(registers_of(dut))
    dut.aresetn.value = 0
    await ClockCycles(dut.aclk, 4)
    dut.aresetn.value = 1
    await RisingEdge(dut.aclk)
    return ends


def registers_of(dut):
    bus = AxiLiteBus.from_prefix(dut, "s_axi")
    master = AxiLiteMaster(bus, dut.aclk, dut.aresetn, reset_active_level=False)
    for part in (master.write_if, master.read_if):
        part.log.setLevel("WARNING")
    return master


async def write(master, address, value, octets=4):
    done = await with_timeout(
        master.write(address, value.to_bytes(octets, "little")), 5, "us"
    )
    return int(done.resp)


async def read(master, address):
    done = await with_timeout(master.read(address, 4), 5, "us")
    return int.from_bytes(done.data, "little"), int(done.resp)


async def exchange(source, sink, frames):
    """Send frames, compare what comes back: beats, values and where each frame ends."""
    width = source.byte_lanes
    for stimulus, _ in frames:
        beats = b"".join(beat.to_bytes(width, "little") for beat in stimulus)
        await source.send(AxiStreamFrame(beats))
    for number, (_, expected) in enumerate(frames):
        frame = await with_timeout(sink.recv(), 500, "us")
        data = bytes(frame.tdata)
        octets = sink.byte_lanes
        got = [
            int.from_bytes(data[n : n + octets], "little") for n in range(0, len(data), octets)
        ]
        assert got == expected, f"frame {number}"


@benched
async def streams_with_configuration_ports(dut):
    source, sink = await start(dut)
    for settings, frames in JOB["settings"]:
        for name, value in settings.items():
            getattr(dut, name).value = value
        await RisingEdge(dut.aclk)
        await exchange(source, sink, frames)


@benched
async def registers_are_as_described(dut):
    _, _, master = await start(dut)
    described = JOB["registers"]
    for register in described:
        assert await read(master, register["address"]) == (register["reset"], OKAY), register
    for register in described:
        address, mask = register["address"], register["mask"]
        if not mask:
            assert await write(master, address, 0xFFFFFFFF) == SLVERR, register
            assert await read(master, address) == (register["reset"], OKAY), register
            continue
        assert await write(master, address, 0xFFFFFFFF) == OKAY, register
        assert (await read(master, address))[0] == mask | register["reset"] & ~mask, register
        # One byte after the other; each changes what its strobe selects and nothing else.
        for lane in range(4):
            assert await write(master, address + lane, 0, 1) == OKAY, register
            left = mask & (0xFFFFFFFF << 8 * (lane + 1)) & 0xFFFFFFFF
            assert (await read(master, address))[0] == left, (register, lane)
    for register in described:  # each on its own: none is another one's alias
        assert await read(master, register["address"]) == (register["reset"] if not register["mask"]
                                                           else 0, OKAY), register


@benched
async def addresses_without_a_register_answer_slverr(dut):
    _, _, master = await start(dut)
    for address in JOB["holes"]:
        assert await write(master, address, 0xFFFFFFFF) == SLVERR, hex(address)
        assert await read(master, address) == (0, SLVERR), hex(address)
    for register in JOB["registers"]:
        assert (await read(master, register["address"]))[0] == register["reset"], register


@benched
async def configuration_is_closed_while_beats_may_be_inside(dut):
    source, sink, master = await start(dut, stalls=False)
    closed = [register for register in JOB["registers"] if register["idle"]]
    frame = JOB["phases"][0]["frames"][0]
    await write(master, JOB["control"], 1)
    for register in closed:
        assert await write(master, register["address"], 0xFFFFFFFF) == SLVERR, register
    sink.pause = True
    width = source.byte_lanes
    await source.send(AxiStreamFrame(b"".join(b.to_bytes(width, "little") for b in frame[0][:1])))
    await ClockCycles(dut.aclk, 12)
    await write(master, JOB["control"], 0)
    assert await read(master, JOB["status"]) == (1, OKAY)
    for register in closed:
        assert await write(master, register["address"], 0xFFFFFFFF) == SLVERR, register
    sink.pause = False
    await with_timeout(sink.recv(), 5, "us")
    await ClockCycles(dut.aclk, 4)
    assert await read(master, JOB["status"]) == (0, OKAY)
    for register in closed:
        assert await read(master, register["address"]) == (0, OKAY), register
        assert await write(master, register["address"], 0) == OKAY, register


@benched
async def streams_with_registers(dut):
    source, sink, master = await start(dut)
    for phase in JOB["phases"]:
        for address, value in phase["writes"]:
            assert await write(master, address, value) == OKAY, hex(address)
        await write(master, JOB["control"], 1)
        await exchange(source, sink, phase["frames"])
        await write(master, JOB["control"], 0)
        # Stopped: nothing is taken, whatever is offered.
        stimulus = phase["frames"][0][0][0]
        await source.send(AxiStreamFrame(stimulus.to_bytes(source.byte_lanes, "little")))
        await ClockCycles(dut.aclk, 16)
        assert sink.empty() and not int(dut.s_axis_tready.value)
        source.clear()
        dut.aresetn.value = 0
        await ClockCycles(dut.aclk, 2)
        dut.aresetn.value = 1
        await ClockCycles(dut.aclk, 2)


