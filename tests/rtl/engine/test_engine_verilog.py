"""The engine's Verilog: what tools say of it, and the description beside it."""

import json
import shutil
import subprocess
from dataclasses import replace

import pytest
from amaranth.hdl import Shape

from tests.rtl.engine.front_end_bench import TINY
from tests.rtl.verilog.declarations import used_too_early
from vit2rtl.golden.engine.configuration import DEIT_TINY
from vit2rtl.golden.engine.instructions import header
from vit2rtl.rtl.engine import verilog
from vit2rtl.rtl.engine.encoder_engine import ports


@pytest.fixture(scope="module")
def text():
    return verilog.convert(replace(TINY, table_bits=6))


def test_it_says_what_it_is_and_keeps_the_attribute_of_memories(text):
    assert text.startswith("// encoder_engine_tiny: a vision transformer's encoder in integers.\n")
    assert "softmax_lanes=2" in text.partition("\nmodule")[0]
    assert text.count("no_rw_check") > 20
    assert "assert" not in text.partition("\nmodule")[2]
    assert "ASSOCIATED_BUSIF s_axis_image:s_axis_cmd:s_axi:m_axis_logits" in text


@pytest.mark.skipif(shutil.which("iverilog") is None, reason="needs Icarus")
def test_icarus_takes_it_without_a_word(text, tmp_path):
    (tmp_path / "engine.v").write_text(text)
    command = ["iverilog", "-g2005", "-Wall", "-Wno-timescale", "-o", "engine.vvp", "engine.v"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def test_names_are_declared_before_they_are_used(text):
    assert [*used_too_early(text)] == []


def test_the_description_has_every_port():
    description = verilog.describe(DEIT_TINY)
    assert json.loads(json.dumps(description)) == description
    assert {port["name"]: port["width"] for port in description["ports"]} == {
        name: Shape.cast(member.shape).width for name, member in ports().items()}
    assert int(description["header"], 16) == header(DEIT_TINY)
    page = verilog.markdown(description)
    for register in description["registers"]:
        assert f"**`{register['name']}`**" in page
        assert all(f"`{bits['name']}`" in page for bits in register["fields"])
    for name in (*description["buffers"], *(port["name"] for port in description["ports"])):
        assert f"`{name}`" in page
    assert description["buffers"]["stream"] == {"width": 64, "depth": 197 * 48}
