"""yosys proves the AXI tops equal to the bare unit in wrappers written by hand."""

import re

import pytest

from tests.lane_wise import LANE_WISE
from vit2rtl.golden.units import Instance
from vit2rtl.rtl.packaging.register_map import register_map
from vit2rtl.rtl.packaging.sources import sources
from vit2rtl.rtl.verilog import yosys
from vit2rtl.rtl.verilog.exporter import convert


def reference(instance):
    """The AXI4-Stream top as the documents describe it, written by hand around the bare unit."""
    i_bits, o_bits = (
        stream.beat_bits for stream in instance.streams
    )
    i_width, o_width = (
        stream.tdata_width for stream in instance.streams
    )
    padding = f"{{{o_width - o_bits}{{1'b0}}}}, " if o_width > o_bits else ""
    inputs = "".join(f",\n  input [{f.width - 1}:0] {f.name}" for f in instance.configuration)
    wires = "".join(f", .{f.name}({f.name})" for f in instance.configuration)
    return f"""module reference (
  input aclk, input aresetn,
  input [{i_width - 1}:0] s_axis_tdata, input s_axis_tvalid, input s_axis_tlast,
  output s_axis_tready,
  output [{o_width - 1}:0] m_axis_tdata, output m_axis_tvalid, output m_axis_tlast,
  input m_axis_tready{inputs}
);
  wire ready, valid;
  wire [{o_bits}:0] result;
  {instance.name} unit (
    .clk(aclk), .rst(!aresetn),
    .i__payload({{s_axis_tlast, s_axis_tdata[{i_bits - 1}:0]}}),
    .i__valid(aresetn ? s_axis_tvalid : 1'b0), .i__ready(ready),
    .o__payload(result), .o__valid(valid), .o__ready(m_axis_tready){wires}
  );
  assign s_axis_tready = aresetn ? ready : 1'b0;
  assign m_axis_tvalid = aresetn ? valid : 1'b0;
  assign m_axis_tdata = {{{padding}result[{o_bits - 1}:0]}};
  assign m_axis_tlast = result[{o_bits}];
endmodule
"""


def axi_reference(instance, text):
    """The top with registers and without tables, by hand around its registers and the bare unit."""
    name = instance.name
    top, registers = (
        re.findall(r"^  (input|output) (?:\[(\d+):0\] )?(\w+);$", part, re.MULTILINE)
        for part in text.split("endmodule\n")[:2]
    )
    head = ", ".join(f"{way} [{high or 0}:0] {port}" for way, high, port in top)
    nets = {
        "clk": "aclk",
        "rst": "!aresetn",
        "read": "s_axi_arready",
        "write": "s_axi_awready",
        **{f"s_axi_{c}valid": f"s_axi_{c}valid & aresetn" for c in ("aw", "w", "ar")},
        "s_axi_bvalid": "bvalid",
        "s_axi_rvalid": "rvalid",
    }
    ports = ", ".join(f".{port}({nets.get(port, port)})" for _, _, port in registers)
    wires = "".join(f"wire [{f.width - 1}:0] {f.name};\n" for f in instance.configuration)
    settings = "".join(f", .{f.name}({f.name})" for f in instance.configuration)
    counter = re.search(r"reg (\[\d+:0\] )?beats_inside;", text)[0]
    i_bits, o_bits = (
        stream.beat_bits for stream in instance.streams
    )
    return f"""module reference ({head});
  {wires}
  wire enable, bvalid, rvalid, ready, valid;
  wire [{o_bits}:0] result;
  {counter}
  initial beats_inside = 0;
  wire busy = beats_inside != 0;
  {name}_axi_registers registers ({ports});
  assign s_axi_wready = s_axi_awready;
  assign s_axi_bvalid = aresetn ? bvalid : 1'b0;
  assign s_axi_rvalid = aresetn ? rvalid : 1'b0;
  {name} unit (
    .clk(aclk), .rst(!aresetn),
    .i__payload({{s_axis_tlast, s_axis_tdata[{i_bits - 1}:0]}}),
    .i__valid(aresetn && enable ? s_axis_tvalid : 1'b0), .i__ready(ready),
    .o__payload(result), .o__valid(valid), .o__ready(m_axis_tready){settings}
  );
  assign s_axis_tready = aresetn && enable ? ready : 1'b0;
  assign m_axis_tvalid = aresetn ? valid : 1'b0;
  assign m_axis_tdata = result[{o_bits - 1}:0];
  assign m_axis_tlast = result[{o_bits}];
  always @(posedge aclk)
    if (!aresetn) beats_inside <= 0;
    else beats_inside <= beats_inside + (s_axis_tvalid & s_axis_tready)
                         - (m_axis_tvalid & m_axis_tready);
endmodule
"""


def prove(instance, files, folder, suffix="axis"):
    top = f"{instance.name}_{suffix}"
    script = f"""
read_verilog {" ".join(files)}
proc
flatten
opt_clean
equiv_make reference {top} equal
hierarchy -top equal
equiv_simple
equiv_induct
equiv_status -assert
"""
    return yosys.run(script, folder, files=files)


@pytest.mark.parametrize("unit", LANE_WISE)
def test_the_axi_top_is_the_bare_unit_behind_its_wrapper(unit, tmp_path):
    instance = Instance.of(unit, lanes=3)
    files = {**convert(instance), "reference.v": reference(instance)}
    assert "Equivalence successfully proven!" in prove(instance, files, tmp_path)


def with_registers(unit):
    """Verilog of the top with registers and no tables, and its reference."""
    instance = Instance.of(unit, lanes=1)
    texts = sources(instance, register_map(instance, channels=0))
    del texts[f"{instance.name}_axis.v"]
    file = f"{instance.name}_axi.v"
    return instance, file, {**texts, "reference.v": axi_reference(instance, texts[file])}


@pytest.mark.parametrize("unit", LANE_WISE)
def test_the_top_with_registers_is_the_bare_unit_behind_them(unit, tmp_path):
    instance, _, files = with_registers(unit)
    proof = prove(instance, files, tmp_path, "axi")
    assert "Equivalence successfully proven!" in proof


def test_the_proof_fails_where_beats_are_taken_while_stopped(tmp_path):
    instance, file, files = with_registers("requantizer")
    files[file], count = re.subn("taking = aresetn & enable", "taking = aresetn", files[file])
    assert count == 1
    with pytest.raises(yosys.YosysError, match="unproven"):
        prove(instance, files, tmp_path, "axi")


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [
        (r"\{ s_axis_tlast, ", "{ 1'h0, "),
        (r"m_axis_tvalid = o_valid & aresetn", "m_axis_tvalid = o_valid"),
        (r"s_axis_tready = i_ready & aresetn", "s_axis_tready = aresetn"),
    ],
)
def test_the_proof_fails_where_the_top_is_wrong(pattern, replacement, tmp_path):
    instance = Instance.of("requantizer", lanes=1)
    files = {**convert(instance), "reference.v": reference(instance)}
    file = f"{instance.name}_axis.v"
    files[file], count = re.subn(pattern, replacement, files[file])
    assert count == 1
    with pytest.raises(yosys.YosysError, match="unproven"):
        prove(instance, files, tmp_path)
