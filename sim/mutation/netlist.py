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


@dataclass(frozen=True)
class Design:
    """What is mutated: the module ``top``, and all below it but the module ``kept``.

    sources      file name -> Verilog
    environment  Verilog of a module ``environment``, see ``assumptions.py``
    """

    top: str
    sources: Mapping[str, str]
    environment: str
    kept: str = ""

    def run(self, commands: Sequence[str], folder: Path, timeout: float | None = None) -> None:
        """Run commands of yosys on what it makes of the Verilog before it is mutated."""
        keep = f"setattr -mod -set keep_hierarchy 1 {self.kept}" if self.kept else ""
        script = [f"read_verilog {' '.join(self.sources)}", f"hierarchy -top {self.top}", keep,
                  _PREPARE, *commands]
        files = {**self.sources, "environment.v": self.environment}
        yosys.run("\n".join(script), folder, files=files, timeout=timeout)

    def sample(self, count: int, seed: int) -> tuple[Mutant, ...]:
        """``tuple[Mutant]``: an even sampling by yosys; all of them where there are fewer.

        Sampled over modules, cells, ports and wires; the same seed gives the same mutants. Where
        most of all there are is wanted, yosys may look for the rest for ever: then the sample is
        plain.
        """
        if count < 1:
            raise ValueError(f"Count must be at least 1, not {count!r}")
        # More than wanted, for the clock pins among them are dropped.
        wanted = count + count // 4 + 20
        try:
            return self._listed(wanted, seed, SECONDS_TO_SAMPLE)[:count]
        except yosys.YosysTimeout:
            every = self._listed(EVERY, seed)
            return tuple(random.Random(seed).sample(every, min(count, len(every))))

    def _listed(
        self, number: int, seed: int, timeout: float | None = None
    ) -> tuple[Mutant, ...]:
        """So many mutants as yosys lists them, less those of clock pins."""
        with tempfile.TemporaryDirectory(prefix="vit2rtl-mutate-") as folder:
            listing = f"mutate -list {number} -seed {seed + 1} -o mutants.txt {self.top}"
            self.run([listing], Path(folder), timeout)
            lines = (Path(folder) / "mutants.txt").read_text(encoding="utf-8").splitlines()
        return tuple(m for m in map(_parse, lines) if m.port not in _CLOCKS)

    def written(self, mutants: Sequence[Mutant], name: str) -> tuple[str, str, str]:
        """Verilog of the top under another name, BTOR2 of it and of the environment.

        The mutants are numbered from 1; an input ``mutant`` says which is on.
        """
        width = selection_bits(mutants)
        commands = [mutant.command(n, width) for n, mutant in enumerate(mutants, 1)]
        whole = f"setattr -mod -unset keep_hierarchy {self.kept}; flatten" if self.kept else ""
        commands += [
            "clean",
            f"rename {self.top} {name}" if name != self.top else "",
            "write_verilog -noattr mutants.v",
            whole,
            "async2sync; dffunmap; clean; write_btor mutants.btor",
            "design -reset; read_verilog environment.v; prep -top environment; flatten",
            "write_btor environment.btor",
        ]
        with tempfile.TemporaryDirectory(prefix="vit2rtl-mutate-") as folder:
            self.run(commands, Path(folder))
            text, btor, assumptions = (
                (Path(folder) / file).read_text(encoding="utf-8")
                for file in ("mutants.v", "mutants.btor", "environment.btor")
            )
        return text, btor, assumptions


def selection_bits(mutants: Sequence[Mutant]) -> int:
    """Width of the input that selects one."""
    return max(1, len(mutants).bit_length())


def _design(instance: Instance, sources: Mapping[str, str] | None) -> Design:
    return Design(
        f"{instance.name}_axis", sources or verilog.convert(instance), environment(instance))


def sample(
    instance: Instance, *, count: int, seed: int, sources: Mapping[str, str] | None = None
) -> tuple[Mutant, ...]:
    """Mutants of an instance's AXI4-Stream top: see :meth:`Design.sample`."""
    return _design(instance, sources).sample(count, seed)


def netlist(
    instance: Instance, mutants: Sequence[Mutant], *, sources: Mapping[str, str] | None = None
) -> MutatedNetlist:
    """The :class:`MutatedNetlist` of an instance with these mutants, numbered from 1.

    sources  Verilog in place of what is generated, as from
             :func:`vit2rtl.rtl.verilog.exporter.convert`
    """
    text, btor, assumptions = _design(instance, sources).written(mutants, NETLIST)
    top = {f"{instance.name}_axis.v": _wrapper(instance, selection_bits(mutants))}
    verilog_ = {**top, f"{NETLIST}.v": text}
    return MutatedNetlist(instance, tuple(mutants), verilog_, btor, assumptions)


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
