"""Softmax quantizer in simulation: rows reach every bin, and bugs are seen, by whoever looks."""

import re

import numpy as np
import pytest

from vit2rtl.golden import Instance, directed_records
from vit2rtl.rtl.verilog import convert
from vit2rtl.sim.coverage.values import value_points
from vit2rtl.sim.formal import cores, properties, rows
from vit2rtl.sim.units.face import STREAM
from vit2rtl.sim.units.softmax_quantizer import FACE, SETTINGS, SMALL


def samples_of(instance, record):
    """Rows of a record as the monitor would see them."""
    logit, code = record["inputs"]["logit"], record["outputs"]["code"]
    spare = (0, 0), (0, -logit.shape[1] % instance.lanes)
    samples = {"i.logit": np.pad(logit, spare, mode="edge"),
               "o.code": np.pad(code, spare, mode="edge")}
    for name, value in record["configuration"].items():
        samples[f"c.{name}"] = np.full((len(logit), 1), value)
    return samples


@pytest.mark.parametrize("parameters", [
    {}, {"lanes": 64, "tokens": 3}, {"lanes": 1, "tokens": 1, "zero_code": "none"},
    {"lanes": 2, "bits": 8, "zero_code": "extra", "width": 16, "rom_bits": 10, "tokens": 20},
    {"lanes": 3, "bits": 2, "width": 4, "rom_bits": 2, "exp_bits": 11, "tokens": 9},
])
def test_directed_rows_reach_every_bin(parameters):
    instance = Instance.of("softmax_quantizer", **parameters)
    points = value_points(instance)
    labels = [label for point in points for label in point.labels()]
    assert len(set(labels)) == len(labels) > 60
    missing = set(labels)
    for record in directed_records(instance):
        samples = samples_of(instance, record)
        for point in points:
            missing -= point.count(samples).keys()
    assert not missing


@pytest.mark.parametrize(("lanes", "tokens", "interval"), [
    (4, 256, 2), (4, 50, 2), (4, 23, 2), (4, 22, 3), (1, 1, 22), (2, 6, 5),
])
def test_the_interval_is_that_of_full_groups(lanes, tokens, interval):
    instance = Instance.of("softmax_quantizer", lanes=lanes, tokens=tokens)
    assert FACE.interval(instance) == interval


BUGS = {
    "the smallest for the largest": (r"> \$signed\(largest_0\)", r"< $signed(largest_0)"),
    "a sum that is never cleared": (r"if \(clear\)( begin\s+sum <= )", r"if (1'h0)\1"),
    "masked logits count": (r"\| masked_6;", "| 1'h0;"),
    "half a unit of the exponent": (r"shifted_5 \+ 3'h7", "shifted_5 + 3'h6"),
    "what is below a fraction": (r"assign above = .*;", "assign above = 1'h0;"),
    "zeros of a product": (r"\{ zeros_2, empty_1 \}", "{ zeros_2, 1'h0 }"),
    "parity": (r"base_a\[0\] \^ base_b\[0\]", "1'h0"),
}


@pytest.mark.parametrize("bug", BUGS)
def test_bugs_are_seen_in_rows_of_two_logits(bug, tmp_path):
    instance = Instance.of("softmax_quantizer", lanes=1, tokens=2, **SMALL)
    sources, name = convert(instance), f"{instance.name}.v"
    pattern, replacement = BUGS[bug]
    changed, count = re.subn(pattern, replacement, sources[name])
    assert count, sources[name]
    records = [rows._record(str(n), instance, rows._every(instance, 2), settings)
               for n, settings in enumerate(SETTINGS)]
    records += [{key: value for key, value in record.items() if key != "notes"}
                for record in directed_records(instance)]
    difference = rows._replayed(instance, records, {**sources, name: changed}, tmp_path)[1]
    assert difference


@pytest.mark.parametrize(("core", "old", "new"), [
    ("comparison", "assign n3 = n2 ^ below_b_4", "assign n3 = n2"),
    ("comparison", "less_than_a = { mantissa_3, 1'h0 }", "less_than_a = { mantissa_3, 1'h1 }"),
    ("exponential", "lost_by_3 = lost_by_6", "lost_by_3 = 1'h0"),
    ("exponential", "below_2 <= below", "below_2 <= ~below"),
])
def test_bugs_of_cores_are_refuted(core, old, new, tmp_path):
    instance = Instance.of("softmax_quantizer", lanes=1, bits=2, **SMALL)
    sources = cores.sources(cores.core_of(instance, core), instance)
    changed = {name: text.replace(old, new) for name, text in sources.items()}
    assert changed != sources, sources
    outcome = properties.prove_core(instance, core, tmp_path, sources=changed)
    assert outcome.status == properties.FAILED
    assert outcome.failures and outcome.waves.exists()


def test_a_contract_that_is_broken_is_refuted(tmp_path):
    """A group that takes no notice of a stalled output, and one that loses its last."""
    instance = Instance.of("softmax_quantizer", lanes=1, tokens=1, **SMALL)
    sources = convert(instance)
    changed = {name: text.replace("assign i__ready = ", "assign i__ready = 1'h1 | ", 1)
               for name, text in sources.items()}
    assert changed != sources
    outcome = properties.bound(instance, STREAM, tmp_path, cycles=12, sources=changed)
    assert outcome.status == properties.FAILED
