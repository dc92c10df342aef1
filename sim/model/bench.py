"""The engine's Verilog with a bench around it, built once; what a run of images gives."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path

import numpy as np

from vit2rtl import golden, rtl
from vit2rtl.golden.engine import Configuration
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.golden.files import atomic
from vit2rtl.rtl.engine.encoder_engine import EncoderEngine
from vit2rtl.rtl.engine.layouts import tap_bits
from vit2rtl.rtl.engine.register_map import ADDRESS_WIDTH, register_map
from vit2rtl.rtl.verilog.exporter import modules
from vit2rtl.sim.model import hdl, native
from vit2rtl.sim.tools import builds, processes, simulators

ENGINE = "engine"
TAPS = ("tap_epilogue", "tap_layernorm", "tap_softmax", "tap_attention")
LOGITS = "logits"
READ = ("ERROR", "IMAGES", "CYCLES", *(f"{kind}_{unit.name}" for kind in ("DONE", "BUSY", "WAIT")
                                        for unit in Unit))
# Cycles in which nothing leaves a unit and no beat is taken, before a run is given up.
PATIENCE = 100_000
# An element of which a bit is X: no other element is so small.
UNKNOWN = -(1 << 40)
_KNOWN, _UNKNOWN = str.maketrans("xz", "00"), str.maketrans("1xz", "011")
# Of a run, beside a second for every so many cycles.
SECONDS_AT_LEAST = 600


@dataclass(frozen=True)
class Stalls:
    """When the outside pauses: ``percent`` of the cycles, or runs of random lengths."""

    percent: int = 0
    bursts: bool = False
    seed: int = 0

    @classmethod
    def of(cls, pattern: str, seed: int = 0) -> "Stalls":
        """A pattern as the command line has it: 0 to 95, or ``bursts``."""
        if pattern == "bursts":
            return cls(bursts=True, seed=seed)
        if not re.fullmatch(r"\d+", pattern) or int(pattern) > 95:
            raise ValueError(f"Stalls must be 0 to 95 percent, or bursts, not {pattern!r}")
        return cls(percent=int(pattern), seed=seed)


@dataclass(frozen=True)
class Exit:
    """What left a unit.

    cycles           uint32[beats]
    beats, unknown   uint32[beats, words]: bits, and which of them are X in Icarus
    """

    cycles: np.ndarray
    beats: np.ndarray
    unknown: np.ndarray | None = None

    def elements(
        self, width: int, count: int, *, start: int = 0, signed: bool = False
    ) -> np.ndarray:
        """int64[beats, count]: elements of so many bits side by side, from bit ``start`` on.

        ``UNKNOWN`` where a bit is X.
        """
        places = range(start, start + width * count, width)
        values = _bits(self.beats, places, width)
        if signed:
            values -= values >> width - 1 << width
        if self.unknown is not None:
            values[_bits(self.unknown, places, width) != 0] = UNKNOWN
        return values


def _bits(words: np.ndarray, places: Iterable[int], width: int) -> np.ndarray:
    """int64[beats, places]: so many bits from each place on."""
    padded = np.pad(words.astype(np.uint64), ((0, 0), (0, 1)))
    columns = []
    for place in places:
        word, shift = divmod(place, 32)
        pair = padded[:, word] | padded[:, word + 1] << np.uint64(32)
        columns.append(pair >> np.uint64(shift) & np.uint64((1 << width) - 1))
    return np.stack(columns, axis=1).astype(np.int64)


@dataclass(frozen=True)
class Outcome:
    """What came of a run.

    exits      {``logits`` and, where they were asked for, TAPS: Exit}, of all images
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
class ModelBench:
    """A compiled bench of one configuration in one simulator."""

    tool: simulators.Tool
    build: builds.Build
    taps: Mapping[str, int]
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
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "command.bin").write_bytes(command)
        (folder / "images.bin").write_bytes(b"".join(images))
        slowdown = 1 / (1 - stalls.percent / 100) ** 2
        if self.tool.name == "verilator":
            arguments = [self.build.executable, *_pairs(
                folder=folder, images=len(images), patience=PATIENCE, seed=stalls.seed + 1,
                stall=stalls.percent, bursts=int(stalls.bursts), taps=int(record))]
            for address in self.registers:
                arguments += ["read", address]
            if watched:
                arguments += _pairs(unit=int(watched.unit), **{"from": watched.first},
                                    until=watched.last + 1)
            speed = 2e4
        else:
            vvp = Path(self.tool.path).with_name("vvp")
            arguments = [vvp, "-n", self.build.program, "-none", *(
                f"+{name}={value}" for name, value in {
                    "folder": folder, "images": len(images), "patience": PATIENCE,
                    "seed": stalls.seed + 1, "stall": stalls.percent, "bursts": int(stalls.bursts),
                    "command_beats": len(command) // 8, "image_beats": len(images[0]) // 8,
                }.items())]
            speed = 2e2
        timeout = SECONDS_AT_LEAST + len(images) * cycles * slowdown / speed
        log = folder / "log"
        status = processes.run(arguments, log=log, timeout=timeout, cwd=folder)
        if status is None:
            raise ValueError(f"The simulation was stopped after {timeout:.0f} s, see {log}")
        if status:
            raise ValueError(f"The simulation ended with status {status}, see {log}: "
                             f"{processes.tail(log, 3, ' | ')}")
        read = _of_verilator if self.tool.name == "verilator" else _of_icarus
        return read(folder, self.taps if record else {})


def bench(
    tool: simulators.Tool, configuration: Configuration, *, waves: bool = False
) -> ModelBench:
    """The bench of a configuration, from the cache of builds where it is there."""
    bits = tap_bits(configuration)
    widths = {name: bits[name] for name in TAPS}
    addresses = {r.name: r.offset for r in register_map(configuration)}
    control, read = addresses["CONTROL"], [addresses[name] for name in READ]
    if tool.name == "verilator":
        sources, top, kind = {native.SOURCE: native.text(widths, control)}, ENGINE, builds.NATIVE
    else:
        sources = {hdl.SOURCE: hdl.text(widths, control, ADDRESS_WIDTH, read)}
        top, kind = hdl.TOP, builds.REPLAY
    sources[f"{ENGINE}.v"] = engine_verilog(configuration)
    built = builds.build(tool, sources, top, kind=kind, waves=waves)
    return ModelBench(tool, built, widths, read)


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
    digest = sha256(f"{version('amaranth')} {vars(configuration)}".encode())
    for package in (golden, rtl):
        for source in sorted(Path(package.__path__[0]).rglob("*.py")):
            digest.update(source.read_bytes())
    return digest.hexdigest()[:24]


def _pairs(**arguments: object) -> list[object]:
    return [part for pair in arguments.items() for part in pair]


def _of_verilator(folder: Path, taps: Mapping[str, int]) -> Outcome:
    exits = {}
    for name, bits in {LOGITS: 64, **taps}.items():
        raw = np.fromfile(folder / f"{name}.bin", "<u4").reshape(-1, 1 + native.words(bits))
        exits[name] = Exit(raw[:, 0], raw[:, 1:])
    result = json.loads((folder / "result.json").read_text())
    return Outcome(
        exits, result["began"], result["ended"],
        dict(zip(READ, result["registers"], strict=True)), result["cycles"],
        result["cpu_seconds"])


def _of_icarus(folder: Path, taps: Mapping[str, int]) -> Outcome:
    exits = {name: _text_exit(folder / f"{name}.txt", bits)
             for name, bits in {LOGITS: 64, **taps}.items()}
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
