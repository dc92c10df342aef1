"""``vit2rtl simulate`` of a program's vectors: every op on its unit."""

import re
from xml.etree import ElementTree

import pytest

from tests.every import long
from vit2rtl.api import simulate
from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.sources import sources

pytestmark = pytest.mark.usefixtures("single_thread")
MOVES = 4


@pytest.fixture(scope="module")
def vectors(tiny, photos, tmp_path_factory):
    """Folder of the tiny ViT's vectors, variant integer, one image."""
    from vit2rtl.cli import main

    folder = tmp_path_factory.mktemp("ops")
    for arguments in (
        ["lower", tiny, "--variant", "integer", "--images", photos, "--out", folder / "program"],
        ["vectors", folder / "program", "--images", photos, "--count", 1, "--out", folder / "v"],
    ):
        with pytest.raises(SystemExit) as stopped:
            main([str(argument) for argument in arguments])
        assert stopped.value.code == 0
    return folder / "v"


@long
def test_every_op_of_a_model_is_computed_by_its_unit(command, vectors, tmp_path):
    code, out, err = command("simulate", vectors, "--simulator", "icarus", "--engine",
                             "deit-tiny", "--out", tmp_path / "out")
    assert code == 0, out + err
    *lines, benches, summary = out.splitlines()
    assert re.fullmatch(
        rf"{21 - MOVES} of 21 ops on 7 units of the engine deit-tiny, [\d,]+ elements: 0 "
        "differences",
        summary)
    assert benches.startswith("7 benches, ") and ", 0 mismatches, 0 failed; " in benches
    units = {line.split()[2].partition("_l")[0] for line in lines}
    assert units == {"matmul_array", "epilogue", "softmax_quantizer", "attention_value",
                     "layernorm_quantizer", "gelu"}
    cases = ElementTree.parse(tmp_path / "out/results.xml").findall(".//testcase")
    assert len(cases) == 7
    # What was made of the ops is a bundle of units, which can be replayed by itself.
    code, out, _ = command("simulate", tmp_path / "out/units", "--simulator", "icarus", "--unit",
                           "gelu", "--no-coverage", "--out", tmp_path / "again")
    assert code == 0 and "gelu" in out


def test_a_difference_names_op_token_and_channel(command, vectors, tmp_path):
    """One bit of lane 2 is inverted on its way out."""
    instance = Instance.of("gelu", lanes=4, input_bits=12, bits=4)
    rtl = tmp_path / "rtl"
    rtl.mkdir()
    for name, text in sources(instance).items():
        if name == f"{instance.name}_axis.v":
            changed = text.replace("m_axis_tdata })", "right })").replace(
                "endmodule", "  wire [15:0] right;\n  assign m_axis_tdata = right ^ 16'h0400;\n"
                             "endmodule")
            assert "tlast, right })" in changed
            text = changed
        (rtl / name).write_text(text)
    code, out, err = command("simulate", vectors, "--simulator", "icarus", "--unit", "gelu",
                             "--verilog", rtl, "--out", tmp_path / "out")
    assert code == 1, err
    assert re.search(r"op blocks\.0\.mlp\.act, image 0, token 0, channel 2, gelu_l4, .*"
                     r"got 0x\w, want 0x\w: wrong value", out)
    assert {int(n) % 4 for n in re.findall(r"channel (\d+)", out)} == {2}
    assert re.search(r"1 of 21 ops on 1 unit of the engine deit-tiny, 480 elements: \d+ diff", out)
    assert "1 of 1 benches failed" in err


@pytest.mark.parametrize(("arguments", "text"), [
    (["--engine", "big"], "'big' is not one of 'small', 'deit-tiny', "),
    (["--simulator", "icarus", "--unit", "requantizer"], "Unit must be one of the bundle's ("),
])
def test_what_makes_no_sense_is_one_line(command, vectors, tmp_path, arguments, text):
    code, _, err = command("simulate", vectors, *arguments, "--out", tmp_path / "out")
    assert code == 2 and text in err
    assert not (tmp_path / "out").exists()


def test_from_python(vectors, tmp_path):
    out = tmp_path / "out"
    (result,) = simulate(vectors, ["icarus"], out, units=["gelu"], engine="deit-tiny")
    assert result.passed and result.instance.startswith("gelu") and (out / "units").is_dir()
    with pytest.raises(ValueError, match=r"Unit must be one of the bundle's \(matmul_array_.*'no'"):
        simulate(vectors, ["icarus"], tmp_path / "none", units=["no"])
    assert not (tmp_path / "none").exists()


def test_an_engine_is_for_ops_alone(command, tmp_path):
    code, _, err = command("simulate", tmp_path, "--engine", "small")
    assert (code, err) == (
        2, f"vit2rtl: {tmp_path} is not a bundle of a program's vectors: --engine is for those\n")


def test_a_program_in_float_is_refused(command, tiny, photos, tmp_path):
    command("lower", tiny, "--out", tmp_path / "program")
    command("vectors", tmp_path / "program", "--images", photos, "--count", 1, "--out",
            tmp_path / "v")
    code, _, err = command("simulate", tmp_path / "v", "--out", tmp_path / "out")
    assert (code, err.splitlines()[-1]) == (
        2, "vit2rtl: The engine runs programs of variant integer, not hardware: "
           "vit2rtl lower CHECKPOINT --variant integer makes one")
    assert not (tmp_path / "out").exists()
