"""Mutation testing of golden/ and the quantizers: does a test fail when one place is changed?

``python -m tools.mutate_python [--count N] [--seed S] [--jobs N] [--only TEXT]``. Each mutant gets
a process of its own, forked after numpy, torch and pytest are there, in which the mutated module
is imported instead of the file; files are not touched. Tests near the module come first, and the
first that fails ends it.
"""

import argparse
import importlib
import importlib.machinery
import importlib.util
import os
import random
import resource
import signal
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.mutants import Mutant, mutants_of

ROOT = Path(__file__).resolve().parent.parent
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.txt")
FOLDERS = ("golden", "python/quantization")
# What is tested where, beside the test file named like the module; the longest prefix counts.
TESTS = {
    "golden/arithmetic": "tests/golden/arithmetic",
    "golden/engine": "tests/golden/engine tests/docs/test_engine_instructions.py "
                     "tests/docs/test_engine_page.py tests/sim/model/test_random_programs.py "
                     "tests/cli/test_compile.py",
    "golden/files": "tests/golden/files tests/golden/vectors/test_bundle_writer.py",
    "golden/registry.py": "tests/golden/test_registry.py",
    "golden/program/images.py": "tests/python/test_image_files.py "
                                "tests/python/models/test_images.py tests/cli/test_programs.py",
    "golden/program": "tests/golden/program tests/python/lowering tests/cli/test_programs.py",
    "golden/units": "tests/golden/units tests/sim/coverage/test_coverage_values.py "
                    "tests/golden/vectors",
    "golden/vectors/program": "tests/golden/vectors tests/python/lowering/test_program_vectors.py",
    "golden/vectors": "tests/golden/vectors tests/trial/test_vectors.py",
    "python/quantization": "tests/python/quantization tests/python/test_quantized_vit.py",
}
MINIMUM = 0.95
# Seconds of processor time, and as often the tests' own; and those of the clock.
CPU_LEAST, CPU_TIMES, CLOCK = 30, 5, 1800
MEMORY = 6 << 30  # bytes beyond what there is at the fork: mutants can ask for any amount


@dataclass(frozen=True)
class Outcome:
    """How a mutant's process ended: status of its tests, processor time in s, what they wrote."""

    status: int
    seconds: float
    log: Path


def all_mutants(only: str = "") -> list[Mutant]:
    """Those of every file of ``FOLDERS`` whose path has ``only`` in it."""
    files = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py"))]
    names = [path.relative_to(ROOT).as_posix() for path in files]
    return [mutant for path, name in zip(files, names, strict=True) if only in name
            for mutant in mutants_of(path, name)]


def area_of(file: str) -> str:
    """The tests of a module's area."""
    return TESTS[max((prefix for prefix in TESTS if file.startswith(prefix)), key=len)]


def tests_of(file: str) -> list[str]:
    """The test file of a module's name, if any, then the tests of its area."""
    path = Path(file)
    near = f"tests/{path.parent.as_posix()}/test_{path.stem}.py"
    return [*([near] if (ROOT / near).exists() else []), *area_of(file).split()]


def reviewed() -> dict[str, str]:
    """Mutants that change nothing that anyone could see, as text, with the reason."""
    reasons: dict[str, str] = {}
    for paragraph in EQUIVALENT.read_text(encoding="utf-8").split("\n\n"):
        lines = [line for line in paragraph.splitlines() if not line.startswith("#")]
        mutants = [line for line in lines if not line.startswith("    ")]
        reason = " ".join(line.strip() for line in lines if line.startswith("    "))
        reasons |= dict.fromkeys(mutants, reason)
    return reasons


class Mutated(importlib.machinery.SourceFileLoader):
    """Imports a mutated module in place of its file; first among ``sys.meta_path``."""

    def __init__(self, mutant: Mutant) -> None:
        path = ROOT / mutant.file
        parts = Path(mutant.file).with_suffix("").parts
        parts = parts[1:] if parts[0] == "python" else parts
        self.package = path.name == "__init__.py"
        name = ".".join(("vit2rtl", *(parts[:-1] if self.package else parts)))
        super().__init__(name, str(path))
        self.code = compile(mutant.text(path.read_bytes()), str(path), "exec")

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        """The spec of the mutated module, None for any other."""
        if name != self.name:
            return None
        where = [str(Path(self.path).parent)] if self.package else None
        return importlib.util.spec_from_file_location(
            name, self.path, loader=self, submodule_search_locations=where)

    def get_code(self, fullname: str) -> object:
        return self.code


def preload() -> None:
    """What every child would import anew; nothing of the project stays."""
    for name in ("pytest", "hypothesis", "numpy", "safetensors", "PIL.Image"):
        importlib.import_module(name)
    importlib.import_module("torch").set_num_threads(1)
    importlib.import_module("vit2rtl.models.zoo")  # timm
    for name in [name for name in sys.modules if name.split(".")[0] == "vit2rtl"]:
        del sys.modules[name]


class Children:
    """Processes that run tests, so many at a time."""

    def __init__(self, jobs: int, folder: Path) -> None:
        self.jobs, self.folder = jobs, folder
        self.running: dict[int, tuple[object, Path]] = {}
        self.outcomes: dict[object, Outcome] = {}

    def start(self, key: object, mutant: Mutant | None, tests: Sequence[str], cpu: int) -> None:
        """Run tests on a mutant, or on the files as they are."""
        while len(self.running) >= self.jobs:
            self.wait()
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        pid = os.fork()
        if not pid:
            _child(mutant, tests, folder, cpu)
        self.running[pid] = key, folder / "log"

    def wait(self) -> None:
        """Until one has ended, with all that it has started."""
        pid, status, usage = os.wait4(-1, 0)
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        seconds = usage.ru_utime + usage.ru_stime
        key, log = self.running.pop(pid)
        self.outcomes[key] = Outcome(os.waitstatus_to_exitcode(status), seconds, log)
        print(f"\r{len(self.outcomes)} done", end="", file=sys.stderr, flush=True)

    def finish(self) -> None:
        while self.running:
            self.wait()


def _child(mutant: Mutant | None, tests: Sequence[str], folder: Path, cpu: int) -> None:
    """Never returns."""
    status = 3
    try:
        os.setsid()
        signal.alarm(CLOCK)
        resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
        held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY, held + MEMORY))
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT)
        for descriptor in (1, 2):
            os.dup2(log, descriptor)
        if mutant:
            sys.meta_path.insert(0, Mutated(mutant))
        options = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "--assert=plain",
                   f"--basetemp={folder / 'files'}", "--hypothesis-seed=0"]
        for one in tests:  # in turn, so that no far test is collected for what a near one finds
            status = importlib.import_module("pytest").main([*options, one])
            if status:
                break
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(int(status))


def judge(mutants: Sequence[Mutant], jobs: int) -> dict[Mutant, bool]:
    """Whether a test fails, for each mutant; ValueError where one fails without a mutant."""
    preload()
    with tempfile.TemporaryDirectory(prefix="vit2rtl-mutants-") as folder:
        plain, children = Children(jobs, Path(folder)), Children(jobs, Path(folder))
        for area in dict.fromkeys(area_of(mutant.file) for mutant in mutants):
            plain.start(area, None, area.split(), CLOCK)
        plain.finish()
        for outcome in plain.outcomes.values():
            if outcome.status:
                log = outcome.log.read_text(encoding="utf-8", errors="replace")
                raise ValueError(f"Tests fail without a mutant:\n{log[-2000:]}")
        for mutant in mutants:
            usual = plain.outcomes[area_of(mutant.file)].seconds
            limit = max(CPU_LEAST, int(CPU_TIMES * usual))
            children.start(mutant, mutant, tests_of(mutant.file), limit)
        children.finish()
    return {mutant: children.outcomes[mutant].status != 0 for mutant in mutants}


def table(killed: Mapping[Mutant, bool], equivalent: Mapping[str, str]) -> tuple[str, float]:
    """Rows of a folder each, as the documents have them, and the score of all."""
    rows = {"all of them": list(killed)}
    for mutant in killed:
        rows.setdefault("/".join(Path(mutant.file).parts[:2]), []).append(mutant)
    lines = ["| | mutants | killed | equivalent | survivors | score |", "|---|---|---|---|---|---|"]
    scores = {}
    for name in [*sorted(rows)[1:], "all of them"]:
        dead = sum(killed[mutant] for mutant in rows[name])
        same = sum(not killed[m] and str(m) in equivalent for m in rows[name])
        left = len(rows[name]) - same
        scores[name] = dead / left if left else 1.0
        lines.append(f"| {name} | {len(rows[name])} | {dead} | {same} | {left - dead} "
                     f"| {100 * scores[name]:.1f} % |")
    return "\n".join(lines), scores["all of them"]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.mutate_python")
    parser.add_argument("--count", type=int, default=300, help="mutants, drawn from all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", default="", help="of files with this in their path")
    options = parser.parse_args(arguments)
    os.chdir(ROOT)
    mutants = all_mutants(options.only)
    if len(mutants) > options.count:
        mutants = random.Random(options.seed).sample(mutants, options.count)
    killed, equivalent = judge(mutants, options.jobs), reviewed()
    print(file=sys.stderr)
    for mutant in mutants:
        if not killed[mutant] and str(mutant) not in equivalent:
            print(f"survivor: {mutant.file}:{mutant.line}: {mutant.before}\n"
                  f"{'':>10}{mutant.after}")
    text, score = table(killed, equivalent)
    print(text)
    return int(score < MINIMUM)


if __name__ == "__main__":
    sys.exit(main())
