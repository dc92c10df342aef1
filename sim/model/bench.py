"""The engine's Verilog with a bench around it, built once; what a run of images gives."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import numpy as np

from vit2rtl.farm import origin
from vit2rtl.farm.task import digest
from vit2rtl.golden.engine import Configuration
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.golden.files import atomic
from vit2rtl.rtl.engine.encoder_engine import EncoderEngine
from vit2rtl.rtl.engine.layouts import tap_bits
from vit2rtl.rtl.engine.register_map import ADDRESS_WIDTH, register_map
from vit2rtl.rtl.verilog.exporter import modules
from vit2rtl.sim.model import hdl, native
from vit2rtl.sim.model.exits import Exit, Tap
from vit2rtl.sim.tools import builds, processes, simulators

ENGINE = "engine"
SOURCES = "vit2rtl.golden", "vit2rtl.rtl"
TAPS = ("tap_epilogue", "tap_layernorm", "tap_softmax", "tap_attention")
# Bit u: an instruction of unit u is done.
DONE = "tap_done"
LOGITS = "logits"
READ = ("ERROR", "IMAGES", "CYCLES", *(f"{kind}_{unit.name}" for kind in ("DONE", "BUSY", "WAIT")
                                        for unit in Unit))
# Cycles in which nothing leaves a unit and no beat is taken, before a run is given up.
PATIENCE = 100_000
_KNOWN, _UNKNOWN = str.maketrans("xz", "00"), str.maketrans("1xz", "011")
# Of a run, beside a second for every so many cycles.
SECONDS_AT_LEAST = 600


@dataclass(frozen=True)
class Stalls:
    """When the outside pauses: ``percent`` of the cycles, or runs of random lengths."""

    percent: int = 0
    bursts: bool = False
    seed: int = 0

    @property
    def slowdown(self) -> float:
        """How many times longer a run may take."""
        return 1 / (1 - self.percent / 100) ** 2

    @classmethod
    def of(cls, pattern: str, seed: int = 0) -> "Stalls":
        """A pattern as the command line has it: 0 to 95, or ``bursts``."""
        if pattern == "bursts":
            return cls(bursts=True, seed=seed)
        if not re.fullmatch(r"\d+", pattern) or int(pattern) > 95:
            raise ValueError(f"Stalls must be 0 to 95 percent, or bursts, not {pattern!r}")
        return cls(percent=int(pattern), seed=seed)


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    exits      {``logits`` and, where they were asked for, TAPS and DONE: Exit}, of all images
    began, ended  cycles of an image's first command beat and of its last logits
    registers  {name: value} in the end
    cycles, cpu_seconds   of the whole run
    """

    exits: Mapping[str, Exit]
    began: Sequence[int]
    ended: Sequence[int]
    registers: Mapping[str, int]
    cycles: int
    cpu_seconds: float
    unknown: bool = False

    @property
    def image_cycles(self) -> list[int]:
        """Of each image that has ended."""
        return [end - begin for begin, end in zip(self.began, self.ended, strict=False)]


@dataclass(frozen=True)
class Watched:
    """Instructions of a unit whose waves are recorded, by their numbers."""

    unit: Unit
    first: int
    last: int


@dataclass(frozen=True)
class Phase:
    """A part of a run in Icarus.

    command  of one image, images: what each sends
    until    the cycle after which its streams end, 0: once all logits are there or nothing moves
    resets   a soft reset comes before it
    takes    logits are taken
    """

    command: bytes
    images: Sequence[bytes]
    until: int = 0
    resets: bool = True
    takes: bool = True


@dataclass(frozen=True)
class ModelBench:
    """A compiled bench of one configuration in one simulator."""

    tool: simulators.Tool
    build: builds.Build
    taps: Mapping[str, Tap]
    registers: Sequence[int]

    def run(
        self, command: bytes, images: Sequence[bytes], folder: Path, *, record: bool = False,
        stalls: Stalls | None = None, watched: Watched | None = None, cycles: int = 10_000_000,
    ) -> Outcome:
        """Images through the engine, one after the other.

        command  of one image, images: what each sends, folder: for the files of the run
        record   what leaves the units, as well
        cycles   expected of an image, for the time limit
        """
        stalls = stalls or Stalls()
        if self.tool.name == "icarus":
            phase = Phase(command, images, resets=False)
            return self.run_phases([phase], folder, record=record, stalls=stalls, cycles=cycles)[0]
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "command.bin").write_bytes(command)
        (folder / "images.bin").write_bytes(b"".join(images))
        arguments = [self.build.executable, *_pairs(
            images=len(images), patience=PATIENCE, seed=stalls.seed + 1, stall=stalls.percent,
            bursts=int(stalls.bursts), taps=int(record))]
        for address in self.registers:
            arguments += ["read", address]
        if watched:
            arguments += _pairs(unit=int(watched.unit), **{"from": watched.first},
                                until=watched.last + 1)
        _execute(arguments, folder, len(images) * cycles * stalls.slowdown / 2e4)
        return _of_verilator(folder, self.taps if record else {})

    def run_phases(
        self, phases: Sequence[Phase], folder: Path, *, record: bool = False,
        stalls: Stalls | None = None, cycles: int = 10_000_000, watchdog: int = 0,
    ) -> list[Outcome]:
        """One phase after the other, in Icarus; of each what came of it.

        watchdog  its limit, where it is not the register's own; the rest as for :meth:`run`
        """
        stalls = stalls or Stalls()
        lines, count = [], 0
        for n, phase in enumerate(phases):
            part = folder / str(n)
            part.mkdir(parents=True, exist_ok=True)
            (part / "command.bin").write_bytes(phase.command)
            (part / "images.bin").write_bytes(b"".join(phase.images))
            sizes = (len(phase.command) // 8, len(phase.images[0]) // 8, len(phase.images))
            lines.append(" ".join(map(str, (*sizes, phase.until, int(phase.resets),
                                            int(phase.takes)))))
            count += len(phase.images)
        (folder / "phases.txt").write_text("\n".join(lines) + "\n")
        vvp = Path(self.tool.path).with_name("vvp")
        # Simulators run in the folder: Icarus opens no path that is not ASCII.
        values = {"folder": ".", "phases": len(phases), "patience": PATIENCE,
                  "seed": stalls.seed + 1, "stall": stalls.percent, "bursts": int(stalls.bursts),
                  "watchdog": watchdog}
        arguments = [vvp, "-n", self.build.program, "-none",
                     *(f"+{name}={value}" for name, value in values.items())]
        _execute(arguments, folder, count * cycles * stalls.slowdown / 2e2)
        taps = self.taps if record else {}
        return [_of_icarus(folder / str(n), taps) for n in range(len(phases))]


def _execute(arguments: Sequence[object], folder: Path, seconds: float) -> None:
    """Run a simulation, for so many seconds and some more; ValueError where it does not end."""
    log, timeout = folder / "log", SECONDS_AT_LEAST + seconds
    status = processes.run(arguments, log=log, timeout=timeout, cwd=folder)
    if status is None:
        raise ValueError(f"The simulation was stopped after {timeout:.0f} s, see {log}")
    if status:
        raise ValueError(f"The simulation ended with status {status}, see {log}: "
                         f"{processes.tail(log, 3, ' | ')}")


def bench(
    tool: simulators.Tool, configuration: Configuration, *, waves: bool = False,
    kind: str = builds.NATIVE,
) -> ModelBench:
    """The bench of a configuration, from the cache of builds where it is there.

    kind   Verilator's: made to be fast, or ``builds.SOON``
    """
    bits = tap_bits(configuration)
    recorded = {name: Tap(bits[name]) for name in TAPS}
    recorded[DONE] = Tap(len(Unit), (1 << len(Unit)) - 1)
    addresses = {r.name: r.offset for r in register_map(configuration)}
    control, read = addresses["CONTROL"], [addresses[name] for name in READ]
    if tool.name == "verilator":
        sources, top = {native.SOURCE: native.text(recorded, control)}, ENGINE
    else:
        sources = {hdl.SOURCE: hdl.text(
            recorded, control, addresses["WATCHDOG"], ADDRESS_WIDTH, read)}
        top, kind = hdl.TOP, builds.REPLAY
    sources[f"{ENGINE}.v"] = engine_verilog(configuration)
    built = builds.build(tool, sources, top, kind=kind, waves=waves)
    return ModelBench(tool, built, recorded, read)


def engine_verilog(configuration: Configuration) -> str:
    """The engine's Verilog with its taps, kept beside the builds: to make it takes a while."""
    kept = builds.cache_folder() / "engine" / f"{_key(configuration)}.v"
    if not kept.exists():
        text, _ = modules(ENGINE, EncoderEngine(configuration, taps=True))
        kept.parent.mkdir(parents=True, exist_ok=True)
        atomic.data(kept, text.encode())
    return kept.read_text(encoding="utf-8")


@cache
def _key(configuration: Configuration) -> str:
    """Of all that the Verilog depends on: the configuration, our sources, Amaranth."""
    return digest([vars(configuration), origin.of_sources(*SOURCES), version("amaranth")])[:24]


def _pairs(**arguments: object) -> list[object]:
    return [part for pair in arguments.items() for part in pair]


def _of_verilator(folder: Path, taps: Mapping[str, Tap]) -> Outcome:
    exits = {}
    for name, tap in {LOGITS: Tap(64), **taps}.items():
        raw = np.fromfile(folder / f"{name}.bin", "<u4").reshape(-1, 1 + native.words(tap.bits))
        exits[name] = Exit(raw[:, 0], raw[:, 1:])
    result = json.loads((folder / "result.json").read_text())
    return Outcome(
        exits, result["began"], result["ended"],
        dict(zip(READ, result["registers"], strict=True)), result["cycles"],
        result["cpu_seconds"])


def _of_icarus(folder: Path, taps: Mapping[str, Tap]) -> Outcome:
    exits = {name: _text_exit(folder / f"{name}.txt", tap.bits)
             for name, tap in {LOGITS: Tap(64), **taps}.items()}
    rows = [line.split() for line in (folder / "result.txt").read_text().splitlines()]

    def of(kind: str) -> list[list[int]]:
        return [[int(value) for value in row[1:]] for row in rows if row[0] == kind]

    values = [value for _, value in of("register")]
    cycles = of("cycles")
    return Outcome(
        exits, [row[0] for row in of("began")], [row[0] for row in of("ended")],
        dict(zip(READ, values, strict=False)), cycles[0][0] if cycles else 0, 0.0,
        unknown=bool(of("unknown")))


def _text_exit(path: Path, bits: int) -> Exit:
    """Lines of a cycle and bits, X among them."""
    rows = [line.split() for line in path.read_text().splitlines()]

    def words(digits: Iterable[str]) -> np.ndarray:
        size = 4 * native.words(bits)
        data = b"".join(int(text, 2).to_bytes(size, "little") for text in digits)
        return np.frombuffer(data, "<u4").reshape(len(rows), size // 4)

    return Exit(
        np.array([int(cycle) for cycle, _ in rows], np.uint32),
        words(text.translate(_KNOWN) for _, text in rows),
        words(text.translate(_UNKNOWN) for _, text in rows))
