"""The engine's package: whole, the same names everywhere, clean for tools, C that compiles."""

import json
import os
import re
import subprocess

import pytest

from tests.golden.engine.compiler.engines import TINY
from tests.rtl.packaging.axi_job import rdl_registers
from tests.rtl.packaging.built import lint, run
from tests.rtl.packaging.test_packaging_tools import TCLSH
from vit2rtl.golden.engine.errors import TITLES
from vit2rtl.golden.engine.instructions import Unit, header
from vit2rtl.rtl.engine import command_reader, encoder_engine, package, reader_map
from vit2rtl.rtl.engine.register_map import register_map
from vit2rtl.rtl.engine.software import names_header

NAME = "encoder_engine_tiny"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("package") / "ip"
    package.write_package(TINY, path)
    return path


def test_every_file_is_told_and_summed(folder):
    done = run("sha256sum", "--strict", "-c", "SHA256SUMS", cwd=folder)
    assert done.returncode == 0
    listed = {line.rpartition(": ")[0] for line in done.stdout.splitlines()}
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert found == listed | {"SHA256SUMS"}
    sheet = (folder / "README.md").read_text()
    for path in found - {"README.md", "SHA256SUMS"}:
        assert f"`{path}`" in sheet or f"`{path.partition('/')[0]}/`" in sheet, path
    manifest = json.loads((folder / "manifest.json").read_text())
    assert (manifest["instance"], int(manifest["header"], 16)) == (NAME, header(TINY))


@pytest.mark.parametrize("top", [NAME, f"{NAME}_command_reader", f"{NAME}_with_reader"])
def test_verilator_has_nothing_to_say_beyond_the_waivers(top, folder):
    assert lint(folder, top, f"lint/{NAME}.vlt") == set()


@pytest.mark.parametrize("script", ["vivado/synthesize", "vivado/package_ip", "quartus/project"])
def test_vendor_scripts_name_files_that_exist(script, folder, tmp_path):
    environment = {**os.environ, "SCRIPT": str(folder / f"{script}.tcl")}
    done = subprocess.run(["tclsh"], input=TCLSH, cwd=tmp_path, env=environment,
                          capture_output=True, text=True)
    assert done.stderr == ""
    named = set(re.findall(rf"{folder}/[\w/.]+\.\w+", done.stdout))
    assert {str(path) for path in folder.glob("rtl/*.v")} <= named
    assert all(os.path.isfile(name) for name in named)


def test_the_core_has_lints_and_no_bench(folder):
    text = (folder / f"{NAME}.core").read_text()
    targets = text.partition("\ntargets:\n")[2]
    assert re.findall(r"^  (\w+):$", targets, re.MULTILINE) == [
        "default", "lint", "lint_with_reader"]
    assert f"toplevel: {NAME}\n" in targets and "bench" not in text


@pytest.mark.parametrize(("top", "header", "registers"), [
    (NAME, "encoder_engine", register_map(TINY)),
    (f"{NAME}_command_reader", "command_reader", reader_map.register_map()),
])
def test_systemrdl_and_c_have_the_registers(top, header, registers, folder, tmp_path):
    text = (folder / f"registers/{top}.rdl").read_text()
    described = {one["name"]: one for one in rdl_registers(text, tmp_path)}
    c = (folder / f"software/{header}.h").read_text()
    for register in registers:
        one = described.pop(register.name)
        assert (one["address"], one["reset"]) == (register.offset, register.reset)
        assert one["fields"] == {bits.name: [bits.lsb, bits.width] for bits in register.bits}
        assert f"#define {header.upper()}_{register.name}_OFFSET {register.offset:#04x}u\n" in c
    assert not described


def test_c_has_the_names_of_errors_and_units():
    text = names_header()
    for error, title in TITLES.items():
        assert f'X({error.value}, {error.name}, "{title}")' in text
    for unit in Unit:
        assert f"X({unit.value}, {unit.name})" in text


def test_the_board_in_the_data_sheet_compiles(folder, tmp_path):
    """And against the driver's own header alone."""
    example = (folder / "README.md").read_text().partition("```c\n")[2].partition("```")[0]
    command = ["gcc", "-Wall", "-Wextra", "-Werror", "-pedantic", "-std=c99",
               f"-I{folder / 'software'}", "-c", "board.c"]
    (tmp_path / "board.c").write_text(example)
    subprocess.run(command, cwd=tmp_path, check=True)
    (tmp_path / "board.c").write_text(example.replace("engine_load(&engine, ", "engine_load("))
    assert subprocess.run(command, cwd=tmp_path, stderr=subprocess.DEVNULL).returncode


def test_the_board_with_a_reader_compiles(folder, tmp_path):
    """With what the page leaves to the board."""
    sheet = (folder / "README.md").read_text()
    example = sheet.partition("## Commands from a memory")[2].partition("```c\n")[2]
    (tmp_path / "board.c").write_text("""
#include "reader_driver.h"

struct board { struct reader reader; };
size_t send_image(struct board *board, const uint64_t *beats, size_t count);
void flush_image(struct board *board);
uint64_t physical(const void *memory);
""" + example.partition("```")[0] + """
struct engine_streams streams(struct board *board)
{
    struct engine_streams made = {board, send, NULL, flush, NULL};
    return made;
}
""")
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", "-pedantic", "-std=c99",
                    f"-I{folder / 'software'}", "-c", "board.c"], cwd=tmp_path, check=True)


def test_the_wrapper_joins_every_port_once(folder):
    """Each port outside is one of the engine's or of the reader's; a wire is one of both."""
    text = (folder / f"rtl/{NAME}_with_reader.v").read_text()
    outside = re.findall(r"^  (?:in|out)put .*?(\w+);$", text, re.MULTILINE)
    wires = re.findall(r"^  wire .*?(\w+);$", text, re.MULTILINE)
    engine, reader = text.partition(" engine(")[2].split(" command_reader(")
    joined = [re.findall(r"\.(\w+)\((\w+)\)", pins) for pins in (engine, reader)]
    assert [{pin for pin, _ in pins} for pins in joined] == [
        {*encoder_engine.ports()}, {*command_reader.ports()}]
    used = [net for pins in joined for _, net in pins]
    assert {*used} == {*outside, *wires}
    twice = {net for net in used if used.count(net) == 2}
    assert twice == {"aclk", "aresetn", *wires} and len(used) == len({*used}) + len(twice)


def test_a_package_replaces_only_one_of_an_engine(folder, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    (other / "manifest.json").write_text('{"schema": "vit2rtl-package-1", "instance": "one"}')
    with pytest.raises(ValueError) as caught:
        package.write_package(TINY, other)
    assert str(caught.value) == (
        f"{other} is not empty and not a package of an engine: not overwriting it")
    assert package.parts_of(other) is None
    assert {path.name for path in folder.iterdir()} == package.parts_of(folder)
