"""Beats per second of the replay benches: each unit with four lanes, 200,000 beats and more.

``python benchmarks/replay.py [--json] [--simulator icarus] [--beats N]``. The time is that of the
whole simulator process, files loaded and compared; the build is not in it.
"""

import argparse
import json
import tempfile
from pathlib import Path

import numpy as np

from vit2rtl.golden.arithmetic import log_sqrt2, requantizer
from vit2rtl.golden.units import Instance
from vit2rtl.golden.vectors.bundle import BundleWriter, read_bundle
from vit2rtl.rtl import verilog
from vit2rtl.sim.run import replay
from vit2rtl.sim.run.bench import Bench
from vit2rtl.sim.tools import builds, simulators

LANES, CHANNELS, TOKENS = 4, 192, 197  # DeiT-Tiny's


def write_bundle(path, beats):
    """One long record for each unit, with the statistics of a layer."""
    rng = np.random.default_rng(0)
    rows = -(-beats * LANES // CHANNELS)
    multiplier, shift = requantizer.multiplier_and_shift(np.exp(rng.normal(-6.5, 0.5, CHANNELS)))
    base = int(shift.min())
    acc = np.rint(rng.normal(0, 3000, (rows, CHANNELS))).astype(int)
    probability = np.rint(rng.dirichlet(np.full(TOKENS, 0.1), -(-beats * LANES // TOKENS)) * 65535)
    first, second = log_sqrt2.thresholds(0.83)
    thresholds = {"threshold_a": first, "threshold_b": second}
    with BundleWriter(path, provenance={"benchmark": "replay"}) as writer:
        add(
            writer,
            "requantizer",
            {"acc": acc, "multiplier": multiplier, "shift": shift - base},
            {"shift_base": base, "zero_point": 7},
        )
        probabilities = {"probability": probability.astype(int)}
        codes = add(writer, "log_sqrt2_quantizer", probabilities, thresholds)
        add(writer, "log2_dequantizer", codes, {})


def add(writer, unit, inputs, configuration):
    instance = Instance.of(unit, lanes=LANES)
    outputs = instance.evaluate(inputs, configuration)
    writer.add(
        instance,
        record="layer",
        layer="layer",
        kind="model",
        inputs=inputs,
        outputs=outputs,
        configuration=configuration,
    )
    return outputs


def measure(tool, bundle, folder):
    """The fastest of three runs of every entry's replay bench."""
    for entry in bundle.entries:
        name = entry.instance.name
        sources = {**verilog.convert(entry.instance), "replay.sv": entry.bench.read_text()}
        build = builds.build(tool, sources, f"{name}_replay", kind=builds.REPLAY)
        bench = Bench(entry, tool, build, folder / name)
        runs = [replay.run(bench, bundle.path) for _ in range(3)]
        for run in runs:
            if not run.passed:
                raise SystemExit(f"{name} failed, see {run.log}")
        yield min(runs, key=lambda run: run.seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--simulator", default="verilator", choices=simulators.SIMULATORS)
    parser.add_argument("--beats", type=int, default=250_000)
    options = parser.parse_args()
    tool = simulators.find(options.simulator)
    with tempfile.TemporaryDirectory() as scratch:
        write_bundle(Path(scratch) / "bundle", options.beats)
        bundle = read_bundle(Path(scratch) / "bundle")
        runs = list(measure(tool, bundle, Path(scratch) / "logs"))
    rates = {run.instance: round(run.beats_per_second) for run in runs}
    result = {
        "simulator": f"{tool.name} {tool.version}",
        "beats": sum(run.beats for run in runs),
        "beats_per_second": min(rates.values()),
        "by_instance": rates,
    }
    if options.json:
        print(json.dumps(result))
        return
    for name, rate in rates.items():
        print(f"{result['simulator']:18} {name:26} {rate:>9,} beats/s")


if __name__ == "__main__":
    main()
