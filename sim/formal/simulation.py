"""Golden against Verilog without a solver: the specification, and small units on every input."""

from itertools import product

import numpy as np

from vit2rtl.rtl import latency, verilog
from vit2rtl.sim.formal import specifications
from vit2rtl.sim.tools import processes
from vit2rtl.sim.tools.simulators import find

SECONDS = 600


def check_specification(instance, folder, *, count=20_000, seed=0):
    """Whether the naive Verilog equals the golden function: ``(elements, first difference or "")``.

    On every input where there are at most ``count`` of them, else on ``count`` random ones that
    begin with all pairs of extreme values.
    """
    inputs, configuration = _sample(instance, count, np.random.default_rng(seed))
    wanted = _golden(instance, inputs, configuration)
    fields = (*instance.inputs, *instance.configuration)
    columns = {**inputs, **configuration}
    pins = ", ".join(f".{f.name}({f.name})" for f in (*fields, *instance.outputs))
    bench = _COMBINATIONAL.format(
        wires="\n".join(_wire(f) for f in (*fields, *instance.outputs)),
        width=sum(f.width for f in fields),
        names=", ".join(f.name for f in reversed(fields)),
        results=", ".join(f.name for f in reversed(instance.outputs)),
        pins=pins,
        rows=len(wanted),
    )
    sources = {"specification.v": specifications.module(instance), "bench.v": bench}
    seen = _run(sources, _hex(fields, columns), folder)
    return len(wanted), _difference(fields, columns, wanted, seen)


def check_everything(instance, configurations, folder, *, sources=None):
    """Whether the bare unit's Verilog equals golden on every input: like the above.

    configurations  dicts by field name, each met by every possible input of a lane
    sources         Verilog by file name, in place of what vit2rtl generates
    """
    fields = (*instance.inputs, *instance.configuration)
    spaces = [np.arange(f.range[0], f.range[1] + 1) for f in instance.inputs]
    grids = [grid.ravel() for grid in np.meshgrid(*spaces, indexing="ij")]
    each = len(grids[0])
    columns = {
        f.name: np.tile(grid, len(configurations))
        for f, grid in zip(instance.inputs, grids, strict=True)
    }
    for f in instance.configuration:
        columns[f.name] = np.repeat([c[f.name] for c in configurations], each)
    inputs = {f.name: columns[f.name] for f in instance.inputs}
    configuration = {f.name: columns[f.name] for f in instance.configuration}
    wanted = _golden(instance, inputs, configuration)
    settings = sum(f.width for f in instance.configuration)
    low = 0
    pins = []
    for f in reversed(instance.configuration):
        pins.append(f", .{f.name}(settings[{low} +: {f.width}])")
        low += f.width
    bench = _CLOCKED.format(
        name=instance.name,
        width=sum(f.width for f in fields),
        payload=sum(f.width for f in instance.inputs),
        result=sum(f.width for f in instance.outputs),
        settings=max(settings, 1),
        pins="".join(pins),
        rows=len(wanted),
        depth=latency(instance),
    )
    ordered = (*instance.inputs, *reversed(instance.configuration))
    source = f"{instance.name}.v"
    sources = {source: (sources or verilog.convert(instance))[source], "bench.v": bench}
    seen = _run(sources, _hex(ordered, columns), folder)
    return len(wanted), _difference(fields, columns, wanted, seen)


def _golden(instance, inputs, configuration):
    """Packed outputs, one element each; the golden function is asked once a configuration."""
    size = len(next(iter(inputs.values())))
    wanted = np.zeros(size, dtype=np.int64)
    settings = np.array([configuration[f.name] for f in instance.configuration]).reshape(-1, size)
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


def _sample(instance, count, rng):
    """Inputs and configuration by field name, within the domain of the golden function."""
    fields = (*instance.inputs, *instance.configuration)
    total = 1
    for f in fields:
        total *= f.range[1] - f.range[0] + 1
    if total <= count:
        rows = list(product(*(range(f.range[0], f.range[1] + 1) for f in fields)))
    else:
        ends = [
            sorted({low, low + 1, 0 if low else 2, high - 1, high})
            for low, high in (f.range for f in fields)
        ]
        rows = [tuple(rng.choice(e) for e in ends) for _ in range(count // 4)]
        spread = [_spread(f, 3 * count // 4, rng) for f in fields]
        rows += zip(*spread, strict=True)
    columns = np.array(rows, dtype=np.int64).T
    columns = dict(zip((f.name for f in fields), columns, strict=True))
    limit = specifications.of(instance.unit.name).sample(instance, columns)
    columns = {name: x[limit] for name, x in columns.items()}
    inputs = {f.name: columns[f.name] for f in instance.inputs}
    return inputs, {f.name: columns[f.name] for f in instance.configuration}


def _spread(f, count, rng):
    """Numbers of every length: uniform ones would hardly ever be small."""
    low, high = f.range
    numbers = rng.integers(low, high, count, endpoint=True)
    return np.clip(numbers >> rng.integers(0, f.width, count), low, high)


def _hex(fields, columns):
    """One line an element: the first field in the least significant bits."""
    digits = (sum(f.width for f in fields) + 3) // 4
    lines = []
    for row in zip(*(columns[f.name].tolist() for f in fields), strict=True):
        number, low = 0, 0
        for f, value in zip(fields, row, strict=True):
            number |= (value & ((1 << f.width) - 1)) << low
            low += f.width
        lines.append(f"{number:0{digits}x}")
    return "\n".join(lines) + "\n"


def _run(sources, stimulus, folder):
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


def _difference(fields, columns, wanted, seen):
    if len(seen) != len(wanted):
        return f"{len(seen)} results for {len(wanted)} inputs"
    for n, (got, want) in enumerate(zip(seen, wanted.tolist(), strict=True)):
        if _number(got) != want:
            at = ", ".join(f"{f.name}={columns[f.name][n]}" for f in fields)
            return f"{at}: got 0x{got}, golden says 0x{want:x}"
    return ""


def _number(text):
    """None for digits that are x or z."""
    try:
        return int(text, 16)
    except ValueError:
        return None


def _wire(f):
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
