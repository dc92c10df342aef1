"""The AXI4-Lite top is proved, and a top with a bug is refuted by the check that it breaks."""

import pytest

from tests.sim.axi.bugs import BUGS, patched
from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.register_map import register_map
from vit2rtl.sim.formal import axi_harness, axi_top

# Name of the bug, and of a check that must fail.
REFUTED = {
    "an answer to a write is not held": "write_answered",
    "busy is one bit": "read_answered",
    "one address bit is ignored": "unit_threshold_a",
    "beats are taken while stopped": "enters",
}


@pytest.fixture(scope="module")
def registers():
    return register_map(Instance.of("log_sqrt2_quantizer", lanes=1))


def test_the_top_is_proved(registers, tmp_path):
    outcome = axi_top.prove(registers, tmp_path)
    assert (outcome.status, outcome.failures) == ("proved", {})
    assert outcome.instance == "log_sqrt2_quantizer_l1_axi"


@pytest.mark.parametrize("name", REFUTED)
def test_a_bug_is_refuted(name, registers, tmp_path):
    bug = next(bug for bug in BUGS if bug.name == name)
    with patched(bug) as sources:
        verilog = sources(registers.instance, registers)
    outcome = axi_top.prove(registers, tmp_path, verilog=verilog)
    assert outcome.status == "failed"
    assert REFUTED[name] in outcome.failures
    assert outcome.trace and outcome.waves.is_file()


@pytest.mark.parametrize(
    ("channels", "message"),
    [(8, "Channel tables of requantizer_l2_axi are simulated, not proved")],
)
def test_what_is_not_proved_is_said(channels, message):
    top = register_map(Instance.of("requantizer", lanes=2), channels=channels)
    with pytest.raises(ValueError) as error:
        axi_harness.check_provable(top)
    assert str(error.value) == message
