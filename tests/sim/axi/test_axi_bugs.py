"""Every bug put into the source of the AXI4-Lite top is caught by its benches.

A few of them here; all, a quarter of an hour, in `make test-all` and `make mutate`.
"""


import pytest

from tests.every import sampled
from vit2rtl.sim.axi.run import AxiBench
from vit2rtl.sim.tools.simulators import find

from .bugs import BUGS, patched

# An answer, busy, a row under back pressure, a table.
SAMPLE = (
    "a second write overtakes",
    "busy is one bit",
    "the row goes on with every beat offered",
    "a table begun does not end in reset",
)
CHOSEN = sampled(BUGS, lambda bug: bug.name in SAMPLE)


@pytest.mark.parametrize("bug", CHOSEN, ids=lambda bug: bug.name)
def test_a_bug_in_the_top_is_caught(bug, tmp_path):
    bench = AxiBench(bug.registers, bug.verilog(), find("icarus"), tmp_path, first=True)
    results = bench.run()
    assert not any(result.error for result in results), [result.error for result in results]
    assert any(result.mismatches for result in results)
    assert all(detail.problem for result in results for detail in result.details)


def test_names_of_bugs_are_unique_and_the_sample_is_among_them():
    names = [bug.name for bug in BUGS]
    assert len(set(names)) == len(names) >= 30
    assert set(SAMPLE) <= set(names)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_bug_changes_one_place_of_a_source_and_the_module_still_loads(bug):
    with patched(bug):
        pass
