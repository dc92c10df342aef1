"""What is claimed is planned for every unit, and the quickest of each proof holds."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.every import long
from tests.lane_wise import LANE_WISE
from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl import verilog
from vit2rtl.sim.formal import function, plan, properties, runs, simulation, stream
from vit2rtl.sim.formal.claims import claims
from vit2rtl.sim.units import log_sqrt2_quantizer
from vit2rtl.sim.units.face import FUNCTION, STREAM

# Half a minute and more.
LONG = {("matmul_array", "function"), ("layernorm_quantizer", "stream contract"),
        ("layernorm_quantizer", "lane"), ("softmax_quantizer", "stream contract")}
PARTS = [
    pytest.param(unit, part, id=f"{unit}-{part.property}-{number}",
                 marks=[long] if (unit, part.property) in LONG else [])
    for unit in UNITS
    for number, part in enumerate(plan.parts(unit))
]


@pytest.mark.parametrize("unit", LANE_WISE)
def test_each_unit_claims_its_stream_and_its_function_proved_and_the_specification_checked(unit):
    stated = {(claim.property, claim.status) for claim in claims(unit)}
    assert stated >= {
        ("stream contract", "proved"), ("function", "proved"), ("specification", "simulated"),
    }
    assert all(claim.scope and claim.method for claim in claims(unit))


@pytest.mark.parametrize(("unit", "part"), PARTS)
def test_the_quickest_instance_of_each_claim_is_established(unit, part, tmp_path):
    instance = Instance.of(unit, **part.instances[0])
    outcome = runs.run(part, instance, tmp_path, timeout=120)
    simulated = plan.status(part) == "simulated"
    assert outcome.status == ("passed" if simulated else plan.status(part))
    assert not outcome.failures


def test_a_unit_without_a_face_is_named(monkeypatch):
    softmax = SimpleNamespace(UNIT=replace(UNITS["requantizer"], name="softmax"))
    monkeypatch.setitem(sys.modules, "units.softmax", softmax)
    with UNITS.extended("units.softmax"), pytest.raises(ValueError) as caught:
        claims("softmax")
    assert str(caught.value) == (
        "Unit softmax has no coverage bins, naive Verilog and plan of proofs: "
        "add FACE in sim/units/softmax.py"
    )


def test_a_unit_that_does_not_exist_is_refused():
    with pytest.raises(ValueError) as caught:
        claims("reqantizer")
    assert str(caught.value) == f"Unit must be one of {', '.join(UNITS)}, not 'reqantizer'"


def test_what_the_solver_does_not_finish_is_open_and_not_proved(tmp_path):
    instance = Instance.of("log_sqrt2_quantizer", lanes=1, bits=8, width=32)
    outcome = properties.prove(instance, FUNCTION, tmp_path, timeout=2)
    assert outcome.status == properties.OPEN


def test_a_wrong_specification_is_told_from_golden(tmp_path, monkeypatch):
    """Eq. 18 with one threshold less; golden is not asked what it would have to be."""
    face = log_sqrt2_quantizer.FACE
    right = face.specification

    def body(instance):
        return [line.replace("k < 15", "k < 14") for line in right.body(instance)]

    wrong = replace(face, specification=replace(right, body=body))
    monkeypatch.setattr(log_sqrt2_quantizer, "FACE", wrong)
    instance = Instance.of("log_sqrt2_quantizer", lanes=1)
    count, difference = simulation.check_specification(instance, tmp_path, count=4000)
    assert count == 4000
    assert difference.endswith("got 0xe, golden says 0xf")


def test_exhaustive_simulation_sees_one_wrong_value(tmp_path):
    instance = Instance.of("log2_dequantizer", lanes=1)
    sources = verilog.convert(instance)
    file = f"{instance.name}.v"
    assert "16'h5a82" in sources[file]
    sources[file] = sources[file].replace("16'h5a82", "16'h5a83")
    count, difference = simulation.check_everything(instance, [{}], tmp_path, sources=sources)
    value = int(log_sqrt2.dequantize(1, bits=4))
    assert count == 16
    assert difference == f"code=1: got 0x{value + 1:04x}, golden says 0x{value:x}"


def test_an_undefined_result_is_a_difference(tmp_path):
    instance = Instance.of("log2_dequantizer", lanes=1)
    sources = verilog.convert(instance)
    file = f"{instance.name}.v"
    sources[file] = sources[file].replace("16'h5a82", "16'hxxxx")
    _, difference = simulation.check_everything(instance, [{}], tmp_path, sources=sources)
    assert "x" in difference.split("got 0x")[1].split(",")[0]


@pytest.mark.parametrize("unit", LANE_WISE)
@pytest.mark.parametrize(
    ("name", "module", "asserted", "false"),
    [
        (STREAM, stream, "assert (!reset_seen || ({outward}))", "assert (!reset_seen)"),
        (FUNCTION, function, "assert ({all})", "assert (0)"),
    ],
)
def test_assumptions_leave_something_to_prove(
    unit, name, module, asserted, false, tmp_path, monkeypatch
):
    """What is false must be refuted: contradictory assumptions would prove it."""
    assert asserted in module.TEMPLATE
    template = module.TEMPLATE.replace(asserted, false).replace(
        "assert (!reset_seen || ({all}))", false
    )
    monkeypatch.setattr(module, "TEMPLATE", template)
    outcome = properties.prove(Instance.of(unit, lanes=1), name, tmp_path, timeout=60)
    assert outcome.status == properties.FAILED


def test_the_document_states_every_claim():
    text = (Path(__file__).parents[3] / "docs" / "proofs.md").read_text(encoding="utf-8")
    for unit in UNITS:
        for claim in claims(unit):
            assert f"| `{unit}` | {claim.property} | {claim.status} | {claim.scope} |" in text
