"""The page on vectors of a program: its SystemVerilog checks a real op, and sees what is wrong."""

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from vit2rtl.golden.vectors.mem_matrix import Layout

from .documents import DOCUMENTS, blocks

NAME = "docs/program-vectors.md"
PAGE = DOCUMENTS[NAME]
needs_icarus = pytest.mark.skipif(not shutil.which("iverilog"), reason="iverilog is not installed")


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """The bundle of the page's Python, and ``run(op, *options)``: what its bench prints of an op.

    Options of Icarus are put behind the page's own, and take their place.
    """
    folder = tmp_path_factory.mktemp("page")
    scope = {"__name__": NAME}
    for block in blocks(PAGE):
        if block.language == "python":
            exec(compile(block.text, NAME, "exec"), scope)
    (bench,) = [block.text for block in blocks(PAGE) if block.language == "systemverilog"]
    (folder / "check_linear.sv").write_text(bench)

    def run(op, *options, bundle=scope["bundle"]):
        command = scope["iverilog"](bundle, op)
        done = subprocess.run([*command[:-1], "-Wall", *options, command[-1]], cwd=folder,
                              capture_output=True, text=True, check=True)
        assert done.stdout + done.stderr == ""
        done = subprocess.run(["vvp", folder / "check.vvp"], cwd=bundle,
                              capture_output=True, text=True, check=True)
        return done.stdout

    return SimpleNamespace(bundle=Path(scope["bundle"]), run=run)


@needs_icarus
@pytest.mark.parametrize("op", ["blocks.0.attn.qkv.q", "blocks.0.attn.proj"])
def test_an_hdl_loop_gives_every_expected_code(page, op):
    """Unsigned codes of 4 bits, and signed ones of 16."""
    assert page.run(op) == "PASS 3200 elements\n"
    assert "\n    PASS 3200 elements\n" in PAGE


@needs_icarus
def test_the_bench_sees_one_wrong_code(page, tmp_path):
    bundle = shutil.copytree(page.bundle, tmp_path / "bundle")
    mem = bundle / "tensors/blocks.0.attn.qkv.q.mem"
    lines = mem.read_text().splitlines()
    # Row 3, columns 8 to 11: the third of 16 lines.
    lines[3 * 16 + 2] = f"{int(lines[3 * 16 + 2], 16) ^ 0x0100:04x}"
    mem.write_text("\n".join(lines) + "\n")
    want = int(lines[3 * 16 + 2][1], 16)
    assert page.run("blocks.0.attn.qkv.q", bundle=bundle) == (
        f"MISMATCH row=3 channel=10 got={want ^ 1:x} want={want:x}\nFAIL 1 of 3200 elements\n")


@needs_icarus
@pytest.mark.parametrize("option", ["ZERO_POINT=3", "HIGH=14", "LOW=1"])
def test_the_bench_sees_a_wrong_parameter(page, option):
    said = page.run("blocks.0.attn.qkv.q", f"-Pcheck_linear.{option}").splitlines()
    assert said[1].startswith("FAIL ") and int(said[1].split()[1]) > 1


def test_the_table_is_what_the_files_have():
    layout = Layout("integer", 5, True, 2, 2, 3)
    text = layout.text(np.array([[1, -1, 3], [-16, 15, 0]])).decode()
    table = [row.split("|")[-2].strip() for row in PAGE.splitlines()
             if row.startswith(("| 0 |", "| 1 |"))]
    assert [f"`{line}`" for line in text.split()] == table
