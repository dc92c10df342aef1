"""Bugs written into the command reader on purpose: its tests find every one."""

import pytest

from tests.rtl.engine import test_command_reader as tests
from tests.sim.model.test_seeded_bugs import patched

# What it is, the component's file, its text, and what stands there instead.
BUGS = [
    ("bursts are whole ones from anywhere", "burst_reader",
     "rest = self.burst - next_place[:within]", "rest = self.burst"),
    ("the queue may be one burst short", "burst_reader",
     "(coming + waiting <= self.depth - self.burst)", "(coming + waiting <= self.depth)"),
    ("what waits in the queue is not counted", "burst_reader",
     "(coming + waiting <= self.depth", "(coming <= self.depth"),
    ("any number of bursts under way", "burst_reader",
     "(bursts != self.outstanding)", "1"),
    ("one burst at a time", "burst_reader",
     "(bursts != self.outstanding)", "(bursts == 0)"),
    ("an address is withdrawn", "burst_reader",
     "may_ask | (asking & ~self.ar.ready)", "may_ask"),
    ("an error withdraws the address", "burst_reader",
     "may_ask | (asking & ~self.ar.ready)", "may_ask | (asking & ~self.ar.ready & ~wrong)"),
    ("a beat less to come than is asked for", "burst_reader",
     "Mux(asked, length, 0)", "Mux(asked, length - 1, 0)"),
    ("last with every burst", "burst_reader",
     "self.r.p.last & final.bit_select(oldest, 1)", "self.r.p.last"),
    ("last of the burst that is asked for last", "burst_reader",
     "final.bit_select(oldest, 1)", "final.bit_select((newest - 1)[:3], 1)"),
    ("the second time goes on behind the first", "burst_reader",
     "next_place.eq(self.place), left.eq(self.beats), passes.eq(passes",
     "left.eq(self.beats), passes.eq(passes"),
    ("one time more", "burst_reader", "passes == 1", "passes == 0"),
    ("beats after an error are sent", "burst_reader",
     "[running.eq(0), dropping.eq(1)]", "[running.eq(0)]"),
    ("it goes on after an error", "burst_reader",
     "[running.eq(0), dropping.eq(1)]", "[dropping.eq(1)]"),
    ("the wrong beat is sent as well", "burst_reader",
     "right.eq(self.r.valid & ~dropping & (self.r.p.resp == OKAY))",
     "right.eq(self.r.valid & ~dropping)"),
    ("only one bit of the response is looked at", "burst_reader",
     "(self.r.p.resp != OKAY)", "self.r.p.resp[1]"),
    ("the last error is told", "burst_reader",
     "wrong.eq(self.r.valid & ~dropping &", "wrong.eq(self.r.valid &"),
    ("idle while beats are under way", "burst_reader",
     "(coming != 0) | (waiting != 0)", "(waiting != 0)"),
    ("idle while the queue holds beats", "burst_reader",
     "| (waiting != 0)", ""),
    ("the queue survives a soft reset", "burst_reader",
     "ResetInserter(self.soft_reset)(", "("),
    ("an address loses its upper half", "reader_registers",
     'Cat(held["address_low"], held["address_high"])', 'Cat(held["address_low"])'),
    ("any address", "reader_registers", "self.start.eq(started & aligned)",
     "self.start.eq(started)"),
    ("a misaligned address stays an error", "reader_registers",
     "misaligned.eq(0)", "misaligned.eq(misaligned)"),
    ("registers change while busy", "reader_registers", 'idle = ~status["busy"]', "idle = 1"),
    ("a start in spite of an error", "reader_registers",
     '(idle & ~status["error"])', "idle"),
    ("beats of 4 bytes", "command_reader",
     "self.m_axi_arsize.eq(ALIGNMENT)", "self.m_axi_arsize.eq(2)"),
    ("fixed bursts", "command_reader", "self.m_axi_arburst.eq(INCR)", "self.m_axi_arburst.eq(0)"),
    ("offers in reset", "command_reader",
     "reader.ar.valid & self.aresetn", "reader.ar.valid"),
]


@pytest.mark.parametrize(("name", "file", "old", "new"), BUGS, ids=[bug[0] for bug in BUGS])
def test_it_is_found(name, file, old, new, monkeypatch):
    patched(monkeypatch, file, old, new)
    assert any(fails(*test) for test in BATTERY), f"{name} is not found"


# The tests, the quick ones first, and what they are given.
BATTERY = [
    (tests.test_registers,),
    (tests.test_nothing_changes_while_it_is_busy,),
    (tests.test_reset, (0, 0, 1)),
    (tests.test_reset, (1, 0, 0)),
    (tests.test_a_stream_that_nobody_takes_asks_for_no_more_than_the_queue_holds,),
    (tests.test_an_address_between_beats_is_an_error, 0x1004),
    (tests.test_an_error_of_the_memory_stops_it, 1, (0.1, 0.1, 0.3)),
    (tests.test_an_error_of_the_memory_stops_it, tests.SLVERR, (0.95, 0, 0)),
    *((tests.test_soft_reset_in_mid_stream, cycles) for cycles in (3, 45, 60)),
    (tests.test_every_beat_in_order, 40, (0.7, 0.3, 0.6)),
    (tests.test_a_beat_a_cycle, 40, 4),
]


def fails(test, *arguments):
    try:
        test(*arguments)
    except AssertionError:
        return True
    return False
