"""LayerNorm quantizer in simulation: directed rows reach every bin, benches see bugs."""

import re

import numpy as np
import pytest

from vit2rtl.golden import Instance, directed_records
from vit2rtl.rtl.units.layernorm_quantizer import ReciprocalRoot
from vit2rtl.rtl.verilog import convert
from vit2rtl.sim.coverage.values import value_points
from vit2rtl.sim.formal.rows import check_every_row
from vit2rtl.sim.units.layernorm_quantizer import FACE, INTERVAL


def samples_of(instance, record):
    """Rows of a record as the monitor would see them."""
    (source,), (sink,) = instance.sources, instance.sinks
    samples = {}
    for s, arrays in ((source, record["inputs"]), (sink, record["outputs"])):
        for f in s.fields:
            spare = (0, 0), (0, -arrays[f.name].shape[1] % s.lanes)
            samples[f"{s.name}.{f.name}"] = np.pad(arrays[f.name], spare, mode="edge")
    count = len(record["inputs"]["element"])
    for name, value in record["configuration"].items():
        table = np.ndim(value) > 0
        samples[f"i_affine.{name}" if table else f"c.{name}"] = (
            value if table else np.full((count, 1), value))
    return samples


@pytest.mark.parametrize("parameters", [
    {}, {"lanes": 64, "bits": 16}, {"lanes": 1, "width": 4, "channels": 2},
    {"lanes": 3, "width": 9, "channels": 16}, {"lanes": 8, "bits": 2, "channels": 17},
])
def test_directed_rows_reach_every_bin(parameters):
    instance = Instance.of("layernorm_quantizer", **parameters)
    points = value_points(instance)
    labels = [label for point in points for label in point.labels()]
    assert len(set(labels)) == len(labels)
    missing = set(labels)
    for record in directed_records(instance):
        samples = samples_of(instance, record)
        for point in points:
            missing -= point.count(samples).keys()
    assert not missing


def test_the_interval_is_that_of_the_root():
    assert INTERVAL == ReciprocalRoot.INTERVAL
    for lanes, channels, interval in ((4, 192, 1), (4, 120, 1), (4, 116, 2), (16, 192, 3)):
        instance = Instance.of("layernorm_quantizer", lanes=lanes, channels=channels)
        assert FACE.interval(instance) == interval


SMALL = Instance.of("layernorm_quantizer", lanes=2, bits=16, width=4, channels=2)
SETTING = {"columns": 2, "shift": 0, "epsilon": 1,
           "gain": (65535, 65535), "offset": (65535 << 16, 5 - 65535 << 16)}
BUGS = {
    "the lowest bit of r": (r"product\[42:26\] \|", "{ product[42:27], 1'h0 } |"),
    "a seed": (r"(seeds\[128\] = 30'h)\w+", r"\g<1>20080000"),
    "the sign of S1²": (r"\.negate\(negate\)", ".negate(1'h0)"),
    "sums of the row before": (r"(first_\d+) <= last_\d", r"\1 <= 1'h0"),
    "half a code": (r"17'h08000", "17'h00000"),
    "saturation above": (r"\| total\[40:\d+\]", "1'h0"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_bugs_are_seen(bug, tmp_path):
    sources = convert(SMALL)
    pattern, replacement = BUGS[bug]
    name = f"{SMALL.name}.v"
    changed, count = re.subn(pattern, replacement, sources[name])
    assert count, sources[name]
    _, difference = check_every_row(
        SMALL, (2,), ({**SETTING},), tmp_path, sources={**sources, name: changed})
    assert "wrong value" in difference
