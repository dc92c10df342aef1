"""``vit2rtl package``: what it writes, what it says, and its errors in one line."""

import json

import pytest

from vit2rtl.cli import main
from vit2rtl.golden.units import UNITS
from vit2rtl.rtl.synthesis.table import measured
from vit2rtl.sim.formal.claims import claims


@pytest.fixture
def vit2rtl(capsys):
    """Run the command line; returns its exit code, stdout and stderr."""

    def run(*arguments):
        with pytest.raises(SystemExit) as caught:
            main(["package", *map(str, arguments)])
        captured = capsys.readouterr()
        return caught.value.code, captured.out, captured.err

    return run


@pytest.mark.parametrize("unit", UNITS)
def test_writes_a_package_with_area_and_claims(unit, vit2rtl, tmp_path):
    out = tmp_path / "ip"
    code, said, error = vit2rtl(unit, "--lanes", 1, "--channels", 8, "--out", out)
    count = sum(path.is_file() for path in out.rglob("*"))
    name = json.loads((out / "manifest.json").read_text())["instance"]
    assert (code, error) == (0, "")
    assert said == f"{name}: {count} files in {out}; its README.md is the data sheet\n"
    sheet = (out / "README.md").read_text()
    for row in measured(unit):
        assert f"| `{row['instance']}`" in sheet
    for claim in claims(unit):
        assert f"| {claim.property}" in sheet and f" {claim.scope} " in sheet


def test_json_names_every_file(vit2rtl, tmp_path):
    out = tmp_path / "ip"
    code, said, _ = vit2rtl("log2_dequantizer", "--no-axi-lite", "--json", "--out", out)
    told = json.loads(said)
    found = sorted(p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file())
    assert (code, told["files"]) == (0, found)
    assert (told["instance"], told["folder"]) == ("log2_dequantizer_l4", str(out))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (
            ["quantizer"],
            f"Unit must be one of {', '.join(UNITS)}, not 'quantizer'",
        ),
        (
            ["log2_dequantizer", "--acc-width", "18"],
            "log2_dequantizer has no option --acc-width; "
            "it has --lanes, --bits, --width, --zero-code",
        ),
        (
            ["requantizer", "--channels", "70000"],
            "Channels must be between 0 and 65536, not 70000",
        ),
        (
            ["requantizer", "--no-axi-lite", "--channels", "64"],
            "--channels sizes the tables of the AXI4-Lite top: leave it out",
        ),
        ([], f"Name a unit ({', '.join(UNITS)}) or give --engine"),
        (
            ["requantizer", "--engine", "small"],
            "--engine means the whole engine; leave out requantizer",
        ),
        (
            ["--no-axi-lite", "--engine", "small"],
            "--engine means the whole engine; leave out --no-axi-lite",
        ),
    ],
)
def test_errors_take_one_line_and_write_nothing(vit2rtl, tmp_path, arguments, text):
    code, out, err = vit2rtl(*arguments, "--out", tmp_path / "ip")
    assert (code, out) == (2, "")
    assert err.splitlines()[-1] == f"vit2rtl: {text}"
    assert list(tmp_path.iterdir()) == []


def test_what_is_in_the_way_stays(vit2rtl, tmp_path):
    out = tmp_path / "ip"
    out.mkdir()
    (out / "mine.v").write_text("mine")
    code, _, err = vit2rtl("log2_dequantizer", "--lanes", 1, "--out", out)
    text = f"vit2rtl: {out} is not empty and not a package: not overwriting it\n"
    assert (code, err) == (2, text)
    assert [path.name for path in out.iterdir()] == ["mine.v"]


def test_help_names_every_parameter_and_gives_examples(vit2rtl):
    code, out, _ = vit2rtl("--help")
    assert code == 0
    for unit in UNITS.values():
        for parameter in unit.parameters:
            assert f"--{parameter.replace('_', '-')} " in out
    assert "vit2rtl package requantizer --lanes 8 --bits 8 --out requantizer-ip/" in out
