"""``vit2rtl verilog``: what it writes, what it says, and its errors in one line."""

import pytest

from tests.every import long
from vit2rtl.cli import main
from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.engine import verilog


@pytest.fixture
def vit2rtl(capsys):
    """Run the command line; returns its exit code, stdout and stderr."""

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["verilog", *map(str, arguments)])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return run


def test_writes_one_unit_and_says_what(vit2rtl, tmp_path):
    code, out, err = vit2rtl(
        "requantizer", "--lanes", 2, "--bits", 8, "--shift-base", 20, "--out", tmp_path / "v"
    )
    name = Instance.of("requantizer", lanes=2, bits=8, shift_base=20).name
    assert (code, err) == (0, "")
    assert out.splitlines()[:2] == [
        f"{name}: {UNITS['requantizer'].summary}",
        "  2 lanes, latency 6 cycles, one beat a cycle under any back pressure",
    ]
    assert "  input  s_axis_tdata   [95:0]    lanes, lane 0 in the least significant bits" in out
    assert "  input  zero_point     [8:0]     configuration: zero point of the codes" in out
    assert "shift_base" not in out
    files = [f"{name}{end}" for end in (".f", ".json", ".md", ".v", "_axis.v")]
    assert out.splitlines()[-5:] == [str(tmp_path / "v" / file) for file in files]
    assert sorted(path.name for path in (tmp_path / "v").iterdir()) == files


@long
def test_all_writes_every_unit(vit2rtl, tmp_path):
    code, _, _ = vit2rtl("--all", "--out", tmp_path)
    assert code == 0
    assert {f"{Instance.of(name).name}_axis.v" for name in UNITS} <= {
        path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ["reqantizer"],
            f"Unit must be one of {', '.join(UNITS)}, not 'reqantizer'",
        ),
        (
            ["log2_dequantizer", "--acc-width", "18"],
            "log2_dequantizer has no option --acc-width; "
            "it has --lanes, --bits, --width, --zero-code",
        ),
        (["requantizer", "--bits", "17"], "Bits must be between 2 and 16, not 17"),
        (
            ["requantizer", "--bits", "four"],
            "Invalid value for '--bits': 'four' is not a valid integer.",
        ),
        (["requantizer", "--xyz", "3"], "No such option '--xyz'."),
        (
            [],
            f"Name a unit ({', '.join(UNITS)}) or give --all or --engine",
        ),
        (
            ["requantizer", "--all"],
            "--all means every unit with its defaults; leave out requantizer",
        ),
        (
            ["--all", "--zero-code", "top"],
            "--all means every unit with its defaults; leave out --zero-code",
        ),
    ],
)
def test_usage_errors_take_one_line_and_write_nothing(vit2rtl, tmp_path, arguments, text):
    code, out, err = vit2rtl(*arguments, "--out", tmp_path / "v")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"vit2rtl: {text}"
    assert not (tmp_path / "v").exists()


def test_out_is_required(vit2rtl):
    code, _, err = vit2rtl("requantizer")
    assert (code, err.splitlines()[-1]) == (2, "vit2rtl: Missing option '--out'.")


def test_out_must_not_be_a_file(vit2rtl, tmp_path):
    (tmp_path / "v").write_text("mine")
    code, _, err = vit2rtl("--all", "--out", tmp_path / "v")
    text = f"vit2rtl: Output must be a folder, and {tmp_path / 'v'} is a file\n"
    assert (code, err) == (2, text)
    assert (tmp_path / "v").read_text() == "mine"


def test_help_names_every_parameter_and_gives_examples(vit2rtl):
    code, out, _ = vit2rtl("--help")
    assert code == 0
    for unit in UNITS.values():
        assert unit.name in out
        for parameter in unit.parameters:
            assert f"--{parameter.replace('_', '-')} " in out
    assert "vit2rtl verilog requantizer --lanes 8 --bits 8 --out verilog/" in out


def test_an_engine_by_the_name_of_its_configuration(vit2rtl, tmp_path, monkeypatch):
    monkeypatch.setattr(verilog, "convert", lambda configuration: "module m; endmodule\n")
    code, out, err = vit2rtl("--engine", "small", "--out", tmp_path / "v")
    assert (code, err) == (0, "")
    files = [f"encoder_engine_small{end}" for end in (".f", ".json", ".md", ".v")]
    assert out.splitlines() == [
        "encoder_engine_small: 8 × 8 array, buffers of 188,800 bits",
        *(str(tmp_path / "v" / file) for file in files),
    ]
    assert (tmp_path / "v" / files[0]).read_text() == "encoder_engine_small.v\n"


@pytest.mark.parametrize(("arguments", "extra"), [
    (["requantizer"], "requantizer"), (["--all"], "--all"), (["--lanes", "2"], "--lanes"),
])
def test_an_engine_takes_no_other_parameters(vit2rtl, tmp_path, arguments, extra):
    code, _, err = vit2rtl(*arguments, "--engine", "small", "--out", tmp_path)
    assert code == 2
    assert err.splitlines()[-1] == (
        f"vit2rtl: --engine means the whole engine; leave out {extra}")
