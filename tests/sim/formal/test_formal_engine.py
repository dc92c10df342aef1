"""The engine's control: what is proved of it, and bugs that break the proofs."""

from functools import cache

import pytest

from tests.every import EVERY
from vit2rtl.sim.formal.engine import BOUNDED, FAILED, PROVED, prove, verilog
from vit2rtl.sim.formal.engine_contracts import contracts

# Half a minute each: make test-all proves when each unit's instructions start.
PROOFS = {name: proof for name, proof in contracts() if EVERY or not name.startswith("starts")}
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
