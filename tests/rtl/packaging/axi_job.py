"""What the AXI benches drive and expect, and how a simulator runs them."""

import json
import os
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from itertools import chain
from pathlib import Path

import numpy as np
from systemrdl import RDLCompiler
from systemrdl.node import RegNode

from vit2rtl.golden.units import directed_records

SETTINGS = ("streams_with_configuration_ports",)
BENCHES = (
    "registers_are_as_described",
    "addresses_without_a_register_answer_slverr",
    "configuration_is_closed_while_beats_may_be_inside",
    "streams_with_registers",
)
MOST_BEATS = 16
RECORDS = 3  # every third goes through the registers, which take many writes
TOKENS = 3
# A process of its own: what it sets in the environment is not for others.
_RUN = """
import json, sys
from cocotb_tools.runner import get_runner
job = json.load(open(sys.argv[1]))
runner = get_runner("icarus")
runner.build(sources=job["sources"], hdl_toplevel=job["top"], build_dir="build", always=True,
             timescale=("1ns", "1ps"))
runner.test(test_module="axi_bench", hdl_toplevel=job["top"], build_dir="build", test_dir=".",
            results_xml="results.xml", extra_env={"AXI_JOB": sys.argv[1]})
"""


def run_bench(sources, top, job, folder):
    """Run ``axi_bench`` in Icarus; ``{test: why it failed, or ""}`` of those that ran."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in sources.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "job.json").write_text(json.dumps({**job, "sources": list(sources), "top": top}))
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment["PYTHONPATH"] = str(Path(__file__).parent)
    done = subprocess.run(
        [sys.executable, "-c", _RUN, "job.json"], cwd=folder, env=environment, timeout=120,
        capture_output=True, text=True,
    )
    results = folder / "results.xml"
    assert results.exists(), done.stdout + done.stderr
    return {
        case.get("name"): "".join(f.get("error_msg", "failed") for f in case.iter("failure"))
        for case in ElementTree.parse(results).iter("testcase")
        if case.find("skipped") is None
    }


def rdl_registers(text, folder):
    """Every 32-bit word of a SystemRDL file: name, address, reset value, writable bits."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "map.rdl").write_text(text, encoding="utf-8")
    compiler = RDLCompiler()
    compiler.compile_file(str(folder / "map.rdl"))
    top = compiler.elaborate().top
    registers = []
    for node in top.descendants(unroll=True):
        if isinstance(node, RegNode):
            fields = list(node.fields())
            registers.append(
                {
                    "name": node.get_path(array_suffix="_{index}").partition(".")[2],
                    "address": node.absolute_address,
                    "reset": sum((f.get_property("reset") or 0) << f.low for f in fields),
                    "mask": sum(
                        ((1 << f.width) - 1) << f.low for f in fields if f.is_sw_writable
                    ),
                    "fields": {f.inst_name: [f.low, f.width] for f in fields},
                }
            )
    return registers


def settings_job(instance, pack):
    """The directed records for the top with configuration ports: a frame each."""
    settings = []
    for record in directed_records(instance):
        stimulus, expected = _frame(
            instance, pack, instance.inputs, record["inputs"], record["outputs"]
        )
        values = {
            f.name: record["configuration"][f.name] & ((1 << f.width) - 1)
            for f in instance.configuration
        }
        settings.append((values, [(stimulus, expected)]))
    return {"settings": settings, "benches": SETTINGS}


def registers_job(instance, register_map, registers, pack):
    """The same through the registers; per-channel values in the tables, several tokens a frame."""
    addresses = {register["name"]: register["address"] for register in registers}
    idle = {r.name for r in register_map.registers if r.access == "idle"}
    described = [
        {**r, "idle": r["name"] in idle or (r["name"].startswith("ROW_") and "LANE" in r["name"])}
        for r in registers
    ]
    used = set(addresses.values())
    end = 1 << register_map.address_width
    holes = [a for a in (0x1C, 0x3C, end // 2 - 4, end - 4) if a not in used]
    if register_map.table and register_map.table.lanes == 3:
        holes.append(register_map.table.offset + 3 * register_map.table.lane_stride)
    phases = []
    for record in directed_records(instance)[::RECORDS]:
        writes = [
            [addresses[f.name.upper()], record["configuration"][f.name] & ((1 << f.width) - 1)]
            for f in instance.configuration
        ]
        if register_map.table:
            phases += _tabled(instance, register_map, record, writes, addresses, pack)
        else:
            frame = _frame(instance, pack, instance.inputs, record["inputs"], record["outputs"])
            phases.append({"writes": writes, "frames": [frame]})
    return {
        "benches": BENCHES,
        "registers": described,
        "holes": holes,
        "control": addresses["CONTROL"],
        "status": addresses["STATUS"],
        "phases": phases,
    }


def _frame(instance, pack, fields, inputs, outputs):
    count = MOST_BEATS * instance.lanes
    arrays = _flat(inputs) | _flat(outputs)
    size = min(count, len(next(iter(arrays.values()))) // instance.lanes * instance.lanes)
    arrays = {name: array[:size] for name, array in arrays.items()}
    return pack(fields, instance.lanes, arrays), pack(instance.outputs, instance.lanes, arrays)


def _flat(arrays):
    found = np.broadcast_arrays(*arrays.values())
    return dict(zip(arrays, (array.reshape(-1) for array in found), strict=True))


def _tabled(instance, register_map, record, writes, addresses, pack):
    """Elements of a record as channels of one token, the same channels in further tokens.

    The first phase ends its tokens with TLAST; in the second one, all tokens are one frame and
    ROW_BEATS tells them apart.
    """
    table, lanes = register_map.table, instance.lanes
    flat = _flat(record["inputs"])
    channels = min(table.rows * lanes - lanes, len(next(iter(flat.values()))) // lanes * lanes)
    inputs = {name: array[:channels] for name, array in flat.items()}
    words = np.zeros(channels, dtype=np.int64)
    low = 0
    for field in table.fields:
        words |= (inputs[field.name] & ((1 << field.width) - 1)) << low
        low += field.width
    for c, word in enumerate(words.tolist()):
        writes = [*writes, [addresses[f"ROW_{c // lanes}.LANE_{c % lanes}.WORD_0"], word]]
    tokens = []
    for token in range(TOKENS):
        rolled = {
            f.name: np.roll(inputs[f.name], token) for f in register_map.streams[0].fields
        } | {f.name: inputs[f.name] for f in table.fields}
        results = instance.evaluate(rolled, record["configuration"])
        if token == 0:
            for name, values in record["outputs"].items():
                assert (results[name] == values.reshape(-1)[:channels]).all()
        tokens.append(
            (
                pack(register_map.streams[0].fields, lanes, rolled),
                pack(instance.outputs, lanes, results),
            )
        )
    joined = [[*chain(*part)] for part in zip(*tokens, strict=True)]
    row_beats = addresses["ROW_BEATS"]
    return [
        {"writes": [*writes, [row_beats, 0]], "frames": tokens},
        {"writes": [*writes, [row_beats, channels // lanes]], "frames": [joined, joined]},
    ]
