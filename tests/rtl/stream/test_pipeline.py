# amaranth: UnusedElaboratable=no
"""The pipeline control alone: every depth carries each beat once, whoever stalls."""

from types import SimpleNamespace

import pytest

from vit2rtl.rtl.stream.pipeline import PipelineControl


def ports(dut):
    """The control's ``last`` taken for the payload."""
    return SimpleNamespace(
        i_payload=dut.i.payload,
        i_last=dut.i.payload,
        i_valid=dut.i.valid,
        i_ready=dut.i.ready,
        o_payload=dut.o.payload,
        o_last=dut.o.payload,
        o_valid=dut.o.valid,
        o_ready=dut.o.ready,
    )


@pytest.mark.parametrize("depth", [1, 2, 5, 9])
@pytest.mark.parametrize(("idle", "stall"), [(0, 0), (0, 60), (60, 0), (50, 50)])
def test_every_beat_comes_out_once(bench, depth, idle, stall):
    dut = PipelineControl(depth)
    beats = [n * n // 3 & 1 for n in range(60)]
    trace = bench.Trace()

    async def scenario(ctx, tick, domain):
        await bench.drive(
            ctx, ports(dut), beats, trace, tick=tick, idle=idle, stall=stall, lasts=beats
        )
        for _ in range(2 * depth):
            assert not ctx.get(dut.o.valid)
            await tick()

    bench.run(dut, scenario)
    assert trace.payloads == beats
    if not idle and not stall:
        assert trace.seen == [cycle + depth for cycle in range(60)]


def test_enable_says_which_stages_move(bench):
    """Three stages: two beats move up to the stalled end, a third one fills the pipeline."""
    dut = PipelineControl(3)
    seen = []

    async def scenario(ctx, tick, domain):
        for valid in (1, 1, 0, 0, 1):
            ctx.set(dut.i.valid, valid)
            seen.append(ctx.get(dut.enable))
            await tick()
        seen.append(ctx.get(dut.enable))
        ctx.set(dut.o.ready, 1)
        seen.append(ctx.get(dut.enable))

    bench.run(dut, scenario)
    assert seen == [0b111, 0b111, 0b111, 0b001, 0b001, 0b000, 0b111]


def test_rejects_no_stage():
    with pytest.raises(ValueError) as caught:
        PipelineControl(0)
    assert str(caught.value) == "Depth must be at least 1, not 0"
