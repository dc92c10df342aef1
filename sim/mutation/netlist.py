"""Mutants of an instance's Verilog: one netlist with all of them, an input selects which is on."""

import random
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vit2rtl.golden.units import Instance
from vit2rtl.rtl import verilog
from vit2rtl.rtl.verilog import yosys
from vit2rtl.rtl.verilog.describe import axi_ports
from vit2rtl.sim.mutation.assumptions import environment

NETLIST = "mutants"
SELECTION = "mutant.mem"
EVERY = 1_000_000  # more mutants than any unit has
SECONDS_TO_SAMPLE = 60

# What yosys makes of the Verilog before it is mutated: word-level cells, memories as registers (the
# solver knows no others), redundant bits gone, so that few mutants change nothing. Clock pins are
# left alone: a clock is not logic to be verified.
_PREPARE = "proc; flatten; memory_collect; memory_map; opt -full; wreduce; opt_clean; opt -full"
_CLOCKS = ("CLK",)
_MODES = {
    "inv": "inverted",
    "const0": "stuck at 0",
    "const1": "stuck at 1",
    "cnot0": "inverted where bit {} is 0",
    "cnot1": "inverted where bit {} is 1",
}


@dataclass(frozen=True)
class Mutant:
    """One change of one bit: ``port[bit]`` of a ``cell``, of the ``wire`` bit that it drives.

    ``mode`` is yosys': ``inv``, ``const0``, ``const1``, ``cnot0`` and ``cnot1`` (inverted where
    bit ``control`` of the same port is 0 or 1). ``source`` is the place in the Verilog.
    """

    mode: str
    module: str
    cell: str
    port: str
    bit: int
    control: int | None = None
    wire: str = ""
    source: str = ""

    def __str__(self):
        wire = f" ({self.wire})" if self.wire else ""
        where = f", {self.source}" if self.source else ""
        mode = _MODES[self.mode].format(self.control)
        return f"{self.module} {self.cell} {self.port}[{self.bit}]{wire} {mode}{where}"

    def described(self) -> dict[str, Any]:
        """As plain data, for JSON."""
        return {**asdict(self), "description": str(self)}

    def command(self, number: int, width: int) -> str:
        """The yosys command that puts it in, on where the input ``mutant`` is ``number``."""
        words = ["mutate", "-ctrl", "mutant", str(width), str(number), "-mode", self.mode]
        words += ["-module", self.module, "-cell", self.cell, "-port", self.port]
        words += ["-portbit", str(self.bit)]
        if self.control is not None:
            words += ["-ctrlbit", str(self.control)]
        return " ".join(words)


@dataclass(frozen=True)
class MutatedNetlist:
    """An instance's AXI4-Stream top with mutants in it, for simulators and for the solver.

    ``sources``      file name -> text; the number in the file ``mutant.mem`` (hexadecimal) selects
                     ``mutants[N - 1]``, 0 none
    ``btor``         its transition system in BTOR2, with an input ``mutant``
    ``assumptions``  the same of the module ``environment`` (see ``assumptions.py``)
    """

    instance: Instance
    mutants: tuple[Mutant, ...]
    sources: dict[str, str]
    btor: str
    assumptions: str


def sample(
    instance: Instance, *, count: int, seed: int, sources: Mapping[str, str] | None = None
) -> tuple[Mutant, ...]:
    """``tuple[Mutant]``: an even sampling by yosys; all of them where there are fewer.

    Sampled over modules, cells, ports and wires; the same seed gives the same mutants. Where most
    of all there are is wanted, yosys may look for the rest for ever: then the sample is plain.
    """
    if count < 1:
        raise ValueError(f"Count must be at least 1, not {count!r}")
    # More than wanted, for the clock pins among them are dropped.
    wanted = count + count // 4 + 20
    try:
        return _listed(instance, wanted, seed, sources, SECONDS_TO_SAMPLE)[:count]
    except yosys.YosysTimeout:
        every = _listed(instance, EVERY, seed, sources)
        return tuple(random.Random(seed).sample(every, min(count, len(every))))


def _listed(
    instance: Instance,
    number: int,
    seed: int,
    sources: Mapping[str, str] | None,
    timeout: float | None = None,
) -> tuple[Mutant, ...]:
    """So many mutants as yosys lists them, less those of clock pins."""
    with tempfile.TemporaryDirectory(prefix="vit2rtl-mutate-") as folder:
        listing = f"mutate -list {number} -seed {seed + 1} -o mutants.txt"
        _yosys(instance, [listing], Path(folder), sources, timeout=timeout)
        lines = (Path(folder) / "mutants.txt").read_text(encoding="utf-8").splitlines()
    return tuple(m for m in map(_parse, lines) if m.port not in _CLOCKS)


def netlist(
    instance: Instance, mutants: Sequence[Mutant], *, sources: Mapping[str, str] | None = None
) -> MutatedNetlist:
    """The :class:`MutatedNetlist` of an instance with these mutants, numbered from 1.

    sources  Verilog in place of what is generated, as from
             :func:`vit2rtl.rtl.verilog.exporter.convert`
    """
    width = max(1, len(mutants).bit_length())
    commands = [mutant.command(n, width) for n, mutant in enumerate(mutants, 1)]
    commands += [
        "clean",
        f"rename {instance.name}_axis {NETLIST}",
        f"write_verilog -noattr {NETLIST}.v",
        f"async2sync; dffunmap; clean; write_btor {NETLIST}.btor",
        "design -reset; read_verilog environment.v; prep -top environment; flatten",
        "write_btor environment.btor",
    ]
    with tempfile.TemporaryDirectory(prefix="vit2rtl-mutate-") as folder:
        extra = {"environment.v": environment(instance)}
        _yosys(instance, commands, Path(folder), sources, extra)
        written = (f"{NETLIST}.v", f"{NETLIST}.btor", "environment.btor")
        text, *systems = ((Path(folder) / name).read_text(encoding="utf-8") for name in written)
    top = {f"{instance.name}_axis.v": _wrapper(instance, width)}
    return MutatedNetlist(instance, tuple(mutants), {**top, f"{NETLIST}.v": text}, *systems)


def _yosys(
    instance: Instance,
    commands: Sequence[str],
    folder: Path,
    sources: Mapping[str, str] | None = None,
    extra: Mapping[str, str] | None = None,
    timeout: float | None = None,
) -> None:
    sources = sources or verilog.convert(instance)
    script = [
        f"read_verilog {' '.join(sources)}",
        f"hierarchy -top {instance.name}_axis",
        _PREPARE,
        *commands,
    ]
    files = {**sources, **(extra or {})}
    yosys.run("\n".join(script), folder, files=files, timeout=timeout)


def _parse(line):
    words = line.split()
    options = list(zip(words[1::2], words[2::2], strict=True))
    given = dict(reversed(options))  # of several -src the first, the innermost
    wire = given.get("-wire", "")
    return Mutant(
        mode=given["-mode"],
        module=given["-module"],
        cell=given["-cell"],
        port=given["-port"],
        bit=int(given["-portbit"]),
        control=int(given["-ctrlbit"]) if "-ctrlbit" in given else None,
        wire=f"{wire}[{given['-wirebit']}]" if wire else "",
        source=given.get("-src", ""),
    )


def _wrapper(instance, width):
    """The top that benches know: without a mutant it is the same circuit."""
    ports = axi_ports(instance)
    declared = ",\n".join(
        f"  {port['direction']} [{port['width'] - 1}:0] {port['name']}" for port in ports
    )
    connected = ",\n".join(f"    .{port['name']}({port['name']})" for port in ports)
    return f"""\
module {instance.name}_axis (
{declared}
);
  reg [{width - 1}:0] selected [0:0];
  initial $readmemh("{SELECTION}", selected);
  {NETLIST} unit (
{connected},
    .mutant(selected[0])
  );
endmodule
"""
