"""The engine's control: what is proved of it, and bugs that break the proofs."""

from functools import cache
from itertools import chain

import pytest

from tests.every import EVERY
from vit2rtl.sim.formal import engine_contracts, engine_reader, engine_registers
from vit2rtl.sim.formal.engine import BOUNDED, FAILED, PROVED, prove, verilog

# Half a minute each: make test-all proves when each unit's instructions start.
PROOFS = {
    name: proof
    for name, proof in chain.from_iterable(
        file.contracts() for file in (engine_contracts, engine_reader, engine_registers))
    if EVERY or not name.startswith("starts")
}
# What a name's Verilog says, and what a bug makes of it.
BUGS = [
    ("fifo", "~ waiting[2]", "~ (waiting[2] & waiting[0])"),
    ("fifo", "moves | n", "moves & n"),
    ("fifo_order", "memory[read__addr]", "memory[read__addr ^ 2'h1]"),
    ("queues", "after_epilogue == first_epilogue", "after_epilogue == last_epilogue"),
    ("starts_attention", "assign missing = ", "assign missing = 1 + "),
    ("waits", "ahead_0 ^ {", "ahead_0 & {"),
    ("waits", "done >> unit_2", "done >> unit_1"),
    ("waits", "{ ahead_2, ahead_1, ahead_0 }", "{ ahead_2, ahead_0 }"),
    ("errors", "watchdog ? 4'hd", "watchdog ? 4'hc"),
    ("errors", "stop = | error", "stop = & error"),
    ("reader", "3'h4 - next_place[1:0]", "3'h4"),
    ("reader", "bursts != 2'h2", "1'h1"),
    ("reader", "= coming + waiting;", "= coming;"),
    ("reader", "= ar__valid & n", "= ar__valid & ~ n"),
    ("reader", "asked ? length : 3'h0", "asked ? 3'h3 : 3'h0"),
    ("reader", "= running | ar__valid;", "= running;"),
    ("reader", "if (wrong) response <=", "if (r__valid) response <="),
    ("registers_handshakes", "~ s_axi_bready", "1'h0"),
    ("registers_handshakes", "~ s_axi_bvalid", "1'h1"),
    ("registers_handshakes", "~ s_axi_rready", "s_axi_rready"),
    ("registers_handshakes", "~ s_axi_rvalid", "1'h1"),
    ("registers_handshakes", "~ reading", "1'h1"),
    ("registers_handshakes", "if (s_axi_arready) read_word", "if (s_axi_arvalid) read_word"),
    ("registers_effects", "s_axi_awaddr[7:2] == 4'ha", "s_axi_awaddr[7:2] == 4'hb"),
    ("registers_effects", "limit[15:8] <= s_axi_wdata[15:8]", "limit[15:8] <= s_axi_wdata[7:0]"),
    ("registers_effects", "& s_axi_wstrb[3]", "& s_axi_wstrb[2]"),
    ("registers_effects", "? 2'h0 : 2'h2", "? 2'h0 : 2'h3"),
    ("registers_effects", "soft_reset <= s_axi_wdata[2]", "soft_reset <= s_axi_wdata[1]"),
    ("registers_effects", "? s_axi_wdata[1:0] : 2'h0", "? 2'h3 : 2'h0"),
    ("registers_effects", "irq = control[1]", "irq = control[0]"),
    ("registers_answers", "{ number, 9'h000, unit, error }", "{ number, 9'h000, unit, 4'h0 }"),
    ("registers_answers", "44'h123456789ab", "44'h1234567898b"),
    ("registers_answers", "read_word == 6'h15", "read_word == 6'h16"),
    ("registers_answers", "? cycles : images", "? images : cycles"),
    ("registers_answers", "turn == number", "turn >= number"),
]


@cache
def text(name):
    return verilog(PROOFS[name])


@pytest.mark.parametrize("name", PROOFS)
def test_it_holds(name, tmp_path):
    expected = BOUNDED if PROOFS[name].cycles else PROVED
    assert prove(PROOFS[name], tmp_path, text=text(name)) == expected


@pytest.mark.parametrize(("name", "right", "wrong"), BUGS)
def test_a_bug_breaks_it(name, right, wrong, tmp_path):
    if name not in PROOFS:
        pytest.skip("takes long, see make test-all")
    assert right in text(name)
    assert prove(PROOFS[name], tmp_path, text=text(name).replace(right, wrong)) == FAILED
