"""Golden against Verilog without a solver: the specification, and small units on every input."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from vit2rtl.golden.units.instance import Instance
from vit2rtl.golden.units.unit import Field
from vit2rtl.golden.vectors import packing
from vit2rtl.rtl import latency, verilog
from vit2rtl.sim.formal import samples, specifications
from vit2rtl.sim.formal.harness import slices
from vit2rtl.sim.tools import processes
from vit2rtl.sim.tools.simulators import find

SECONDS = 600


Columns = dict[str, np.ndarray]


def check_specification(
    instance: Instance, folder: Path, *, count: int = 20_000, seed: int = 0
) -> tuple[int, str]:
    """Whether the naive Verilog equals the golden function: ``(elements, first difference or "")``.

    On every input where there are at most ``count`` of them, else on ``count`` random ones that
    begin with all pairs of extreme values.
    """
    fields = specifications.element_fields(instance)
    columns = samples.columns(instance, fields, count, np.random.default_rng(seed))
    wanted = _golden(instance, columns)
    bench = _COMBINATIONAL.format(
        wires="\n".join(_wire(f) for f in (*fields, *instance.outputs)),
        width=sum(f.width for f in fields),
        names=", ".join(f.name for f in reversed(fields)),
        results=", ".join(f.name for f in reversed(instance.outputs)),
        pins=", ".join(f".{f.name}({f.name})" for f in (*fields, *instance.outputs)),
        rows=len(wanted),
    )
    sources = {"specification.v": specifications.module(instance), "bench.v": bench}
    results = _run(sources, _hex(fields, columns), folder)
    return len(wanted), _difference(fields, columns, wanted, results)


def check_everything(
    instance: Instance,
    configurations: Sequence[Mapping[str, int | Sequence[int]]],
    folder: Path,
    *,
    sources: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """Whether the bare unit's Verilog equals golden on every input: like the above.

    configurations  dicts by field name, each met by every possible input of a lane
    sources         Verilog by file name, in place of what vit2rtl generates
    """
    columns = _everything(instance, configurations)
    wanted = _golden(instance, columns)
    (source,), (sink,) = instance.sources, instance.sinks
    settings = tuple(reversed(instance.configuration))
    bench = _CLOCKED.format(
        name=instance.name,
        width=source.lane_bits + packing.lane_bits(settings),
        payload=source.lane_bits,
        result=sink.lane_bits,
        settings=max(packing.lane_bits(settings), 1),
        pins="".join(f", {pin}" for pin in slices("settings", settings, 0)),
        rows=len(wanted),
        depth=latency(instance),
    )
    file = f"{instance.name}.v"
    sources = {file: (sources or verilog.convert(instance))[file], "bench.v": bench}
    results = _run(sources, _hex((*source.fields, *settings), columns), folder)
    return len(wanted), _difference(
        specifications.element_fields(instance), columns, wanted, results
    )


def _everything(
    instance: Instance, configurations: Sequence[Mapping[str, int | Sequence[int]]]
) -> Columns:
    """Every element there is, under each configuration."""
    spaces = [np.arange(f.range[0], f.range[1] + 1) for f in instance.inputs]
    grids = [grid.ravel() for grid in np.meshgrid(*spaces, indexing="ij")]
    columns = {
        f.name: np.tile(grid, len(configurations))
        for f, grid in zip(instance.inputs, grids, strict=True)
    }
    for f in instance.configuration:
        columns[f.name] = np.repeat([c[f.name] for c in configurations], len(grids[0]))
    return columns


def _golden(instance: Instance, columns: Columns) -> np.ndarray:
    """Packed outputs, one element each; the golden function is asked once a configuration."""
    inputs = {f.name: columns[f.name] for f in instance.inputs}
    size = len(next(iter(inputs.values())))
    wanted = np.zeros(size, dtype=np.int64)
    settings = np.array([columns[f.name] for f in instance.configuration]).reshape(-1, size)
    for setting in np.unique(settings, axis=1).T if len(settings) else [()]:
        rows = (settings.T == setting).all(axis=1) if len(settings) else slice(None)
        values = {f.name: int(v) for f, v in zip(instance.configuration, setting, strict=True)}
        outputs = instance.evaluate({k: x[rows] for k, x in inputs.items()}, values)
        low = 0
        for f in instance.outputs:
            bits = np.asarray(outputs[f.name]).astype(np.int64) & ((1 << f.width) - 1)
            wanted[rows] |= bits << low
            low += f.width
    return wanted


def _hex(fields: Sequence[Field], columns: Columns) -> str:
    """One line an element: the first field in the least significant bits."""
    digits = packing.line_digits(packing.lane_bits(fields))
    lines = []
    for row in zip(*(columns[f.name].tolist() for f in fields), strict=True):
        number, low = 0, 0
        for f, value in zip(fields, row, strict=True):
            number |= (value & ((1 << f.width) - 1)) << low
            low += f.width
        lines.append(f"{number:0{digits}x}")
    return "\n".join(lines) + "\n"


def _run(sources: Mapping[str, str], stimulus: str, folder: Path) -> list[str]:
    tool = find("icarus")
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in {**sources, "stimulus.mem": stimulus}.items():
        (folder / name).write_text(text, encoding="utf-8")
    log = folder / "simulation.log"
    log.unlink(missing_ok=True)
    for command in ([tool.path, "-g2005", "-o", "bench.vvp", *sources], ["vvp", "-n", "bench.vvp"]):
        status = processes.run(command, log=log, timeout=SECONDS, cwd=folder)
        if status != 0:
            raise ValueError(f"Icarus failed, see {log}: {processes.tail(log, 3, ' ')}")
    return (folder / "results.txt").read_text(encoding="utf-8").split()


def _difference(
    fields: Sequence[Field], columns: Columns, wanted: np.ndarray, results: Sequence[str]
) -> str:
    if len(results) != len(wanted):
        return f"{len(results)} results for {len(wanted)} inputs"
    for n, (got, want) in enumerate(zip(results, wanted.tolist(), strict=True)):
        if _number(got) != want:
            at = ", ".join(f"{f.name}={columns[f.name][n]}" for f in fields)
            return f"{at}: got 0x{got}, golden says 0x{want:x}"
    return ""


def _number(text: str) -> int | None:
    """None for digits that are x or z."""
    try:
        return int(text, 16)
    except ValueError:
        return None


def _wire(f: Field) -> str:
    return f"  wire {'signed ' if f.signed else ''}[{f.width - 1}:0] {f.name};"


_COMBINATIONAL = """\
module bench;
{wires}
  wire defined;
  reg [{width}-1:0] stimulus [0:{rows}-1];
  reg [{width}-1:0] row;
  integer n, file;
  assign {{{names}}} = row;
  specification dut({pins}, .defined(defined));
  initial begin
    $readmemh("stimulus.mem", stimulus);
    file = $fopen("results.txt", "w");
    for (n = 0; n < {rows}; n = n + 1) begin
      row = stimulus[n];
      #1 if (defined === 1'b1) $fdisplay(file, "%h", {{{results}}});
      else $fdisplay(file, "x");
    end
    $fclose(file);
  end
endmodule
"""

# A configuration changes only when all that was given has come out.
_CLOCKED = """\
module bench;
  reg clk = 0;
  reg rst = 1;
  reg [{width}-1:0] stimulus [0:{rows}-1];
  reg [{settings}-1:0] settings = 0;
  reg [{payload}-1:0] payload = 0;
  reg valid = 0;
  wire ready, given;
  wire [{result}:0] result;
  integer n, file;
  {name} dut(
    .clk(clk), .rst(rst), .i__payload({{1'b0, payload}}), .i__valid(valid), .i__ready(ready),
    .o__payload(result), .o__valid(given), .o__ready(1'b1){pins}
  );
  always #5 clk = ~clk;
  always @(posedge clk) if (given && !rst) $fdisplay(file, "%h", result[{result}-1:0]);
  initial begin
    $readmemh("stimulus.mem", stimulus);
    file = $fopen("results.txt", "w");
    settings = stimulus[0] >> {payload};
    repeat (2) @(negedge clk);
    rst = 0;
    for (n = 0; n < {rows}; n = n + 1) begin
      if (stimulus[n] >> {payload} != settings && {width} > {payload}) begin
        valid = 0;
        repeat ({depth} + 1) @(negedge clk);
        settings = stimulus[n] >> {payload};
      end
      payload = stimulus[n];
      valid = 1;
      @(negedge clk);
    end
    valid = 0;
    repeat ({depth} + 1) @(negedge clk);
    $fclose(file);
    $finish;
  end
endmodule
"""
