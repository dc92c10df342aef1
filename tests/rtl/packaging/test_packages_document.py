"""docs/packages.md says what packages have: files, registers, C that compiles."""

import re
import subprocess
from pathlib import Path

import pytest

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.packaging.package import write_package
from vit2rtl.rtl.packaging.register_map import register_map
from vit2rtl.rtl.packaging.software import c_header

DOCUMENT = (Path(__file__).parents[3] / "docs" / "packages.md").read_text("utf-8")


def test_the_register_table_is_the_map():
    rows = re.findall(r"^\| (0x\w+) \| `(\w+)` \| (\w+) \| *(\w*) *\|", DOCUMENT, re.MULTILINE)
    registers = register_map(Instance.of("requantizer"), channels=64)
    fixed = [r for r in registers.registers if r.offset < 0x40]
    assert [(int(offset, 16), name) for offset, name, _, _ in rows] == [
        (r.offset, r.name) for r in fixed
    ]
    for (_, name, access, reset), register in zip(rows, fixed, strict=True):
        assert access == ("r" if register.access == "r" else "rw")
        assert not reset or int(reset, 16) == register.reset, name
    assert min(r.offset for r in registers.registers[len(fixed) :]) == 0x40


def test_the_c_example_compiles(tmp_path):
    instance = Instance.of("requantizer", lanes=2)
    (tmp_path / "requantizer_l2.h").write_text(c_header(register_map(instance, channels=64)))
    example = DOCUMENT.partition("```c\n")[2].partition("```")[0]
    command = ["gcc", "-Wall", "-Wextra", "-Werror", "-std=c99", "-c", "example.c"]
    (tmp_path / "example.c").write_text(example)
    subprocess.run(command, cwd=tmp_path, check=True)
    (tmp_path / "example.c").write_text(example.replace("_ZERO_POINT_OFFSET", "_ZERO_OFFSET"))
    assert subprocess.run(command, cwd=tmp_path, stderr=subprocess.DEVNULL).returncode


@pytest.mark.parametrize("axi_lite", [True, False])
def test_the_folder_table_names_what_there_is(axi_lite, tmp_path):
    instance = Instance.of(next(iter(UNITS)), lanes=1)
    files = write_package(instance, tmp_path / "ip", axi_lite=axi_lite)
    table = DOCUMENT.partition("## The folder")[2].partition("\n## ")[0]
    first_cells = " ".join(line.split("|")[1] for line in table.splitlines() if "|" in line)
    for file in files:
        if file.startswith("vectors/"):
            assert "`vectors/`" in first_cells
            continue
        spelled = file.replace(instance.name, "NAME")
        assert f"`{spelled}`" in first_cells or f"`{Path(spelled).name}`" in first_cells, file
