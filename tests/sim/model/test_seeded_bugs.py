"""Bugs written into the engine's components on purpose: random programs find every one.

`make test-all` simulates all of them; else only their text is looked for.
"""

import importlib
import inspect

import numpy as np
import pytest

from tests.every import EVERY
from tests.golden.engine.compiler.engines import TINY
from tests.golden.engine.compiler.random_programs import random_image, random_program
from tests.golden.engine.compiler.test_compile import PROGRAMS
from tests.sim.model.delays import with_delays
from vit2rtl.rtl.engine.encoder_engine import EncoderEngine
from vit2rtl.rtl.verilog.exporter import modules
from vit2rtl.sim.model import bench, run
from vit2rtl.sim.model.bench import Stalls

# In the order in which they are tried, until one finds the bug; then some with delays inside.
TRIED = [
    ("4 bits", 2, "0"), ("8 bits", 2, "50"), ("mixed widths", 1, "bursts"),
    ("two heads behind", 2, "0"), ("no multiples of the columns", 2, "0"),
    ("one head of attention", 1, "0"), ("2 bits", 2, "90"),
]
DELAYED = [("2 bits", 2, "0"), ("mixed widths", 2, "bursts"), ("8 bits", 1, "0")]

# What it is, the component's file, its text, and what stands there instead.
BUGS = [
    ("a stride of rows for one of tiles", "matmul",
     "walk.i.p.outer_stride.eq(job.tile_stride)", "walk.i.p.outer_stride.eq(job.row_stride)"),
    ("lower digits first", "walk", "step.address.eq(address + low)",
     "step.address.eq(address + (walk.two_digits & ~low))"),
    ("a row less", "walk", "step.ends.eq(after_inner == walk.inner)",
     "step.ends.eq((after_inner + 1 == walk.inner) | (after_inner == walk.inner))"),
    ("weights' second digit takes no second pass", "matmul",
     "walk.i.p.repeated.eq(job.two_weight_digits)", "walk.i.p.repeated.eq(0)"),
    ("the buffer of the instruction that comes next", "matmul",
     "reader.i.p.source.eq(source)", "reader.i.p.source.eq(job.source)"),
    ("the shape of the instruction that comes next", "matmul",
     "jobs.ready.eq(~busy | core.ends)", "jobs.ready.eq(1)"),
    ("zero point of the column before", "operands",
     "return columns.o, read.data[column[: _BYTES.bit_length() - 1]]",
     "return columns.o, read.data[(column - 1)[: _BYTES.bit_length() - 1]]"),
    ("zero points of the upper digits for the lower ones", "operands",
     "Mux(job.two_weight_digits & ~high, beats, 0)", "0"),
    ("a query too few", "operands",
     "reader.i.p.source.eq(walk.o.p.inner >= job.queries)",
     "reader.i.p.source.eq(walk.o.p.inner + 1 >= job.queries)"),
    ("queries keep their whole zero point", "operands",
     "digit = Mux(job.two_weight_digits, Mux(high, upper, lower), zero_point)",
     "digit = zero_point"),
    ("a wait is met one instruction early", "queues",
     "short.eq(wait.done - Array(self.count)[wait.unit])",
     "short.eq(wait.done - Array(self.count)[wait.unit] - 1)"),
    ("what is done while a difference is made is lost", "queues",
     "waits.done.eq(done_2)", "waits.done.eq(done_1)"),
    ("waits count from the instruction behind", "decoder",
     "number.eq(issued[wait] - back)", "number.eq(issued[wait] - back + 1)"),
    ("payload of the unit before", "front_end",
     "fifo.i.valid.eq(decoder.payload_valid[unit])",
     "fifo.i.valid.eq(decoder.payload_valid[unit] & ~self.done[unit])"),
    ("the stream's word is not read for add", "epilogue",
     "self.read_stream.en.eq(goes & unit.add)",
     "self.read_stream.en.eq(goes & unit.add & ~step.ends)"),
    ("add does not wait for what is inside", "epilogue",
     "fits.eq(parameters.full & ((compared & same) | ((inside == 0) & ~began)))",
     "fits.eq(parameters.full)"),
    ("one that has just begun is not known as inside", "epilogue",
     "((inside == 0) & ~began)", "(inside == 0)"),
    ("settings change without waiting", "epilogue",
     "same.eq(~job.add & (output", "same.eq(1 | ~job.add & (output"),
    ("upper digits of an instruction's last row alone", "result_writer",
     "m.d.sync += [upper.eq(two), ", "m.d.sync += [upper.eq(two & last), "),
    ("last with every output", "result_writer",
     "ends_output.eq(given.ends & given.last)", "ends_output.eq(given.ends)"),
    ("a row's end comes in the cycle of upper digits", "epilogue",
     "pause.eq(goes & paced)", "pause.eq(0)"),
    ("logits of a group too many are written", "softmax",
     "last.eq((group + 1) * c.softmax_lanes >= where.queries)",
     "last.eq((group + 1) * c.softmax_lanes > where.queries)"),
    ("the write mask is that of all groups", "softmax",
     "self.write_codes.en.eq(written << group)", "self.write_codes.en.eq(written.replicate(8))"),
    ("a code of zero keeps its number", "softmax",
     "word.eq(Mux(zero, (1 << c.attention_bits) - 1, code))", "word.eq(code)"),
    ("results are not limited", "attention",
     "result.eq(Mux(code < settings.top, code, settings.top))", "result.eq(code)"),
    ("a block's stride is one row short", "attention",
     "block + where.row_stride * rows))]", "block + where.row_stride * (rows - 1)))]"),
    ("codes go on where the tile before ended", "attention",
     "self.codes.addr.eq(held.code_base),\n            ]\n            with m.If(last_tile)",
     "self.codes.addr.eq(self.codes.addr),\n            ]\n            with m.If(last_tile)"),
    ("an instruction's results take the place of the one before", "handover",
     "queue.r_en.eq(self.o.ready)", "queue.r_en.eq(self.o.ready & self.begin)"),
    ("settings change while results are inside", "handover",
     "((same & ~self.alone) | ~queue.r_rdy)", "1"),
    ("patches' upper digit twice", "load",
     "Mux(two_digits & ~lower, code >> base, code)", "Mux(two_digits, code >> base, code)"),
    ("an entry of the table is skipped at a beat's end", "load",
     "((place[:3] == BYTES - 1) | one)", "((place[:3] == BYTES - 2) | one)"),
]


def patched(monkeypatch, file, old, new):
    """The component's methods as the bug has them; what constructs it stays."""
    module = importlib.import_module(f"vit2rtl.rtl.engine.{file}")
    text = inspect.getsource(module)
    assert text.count(old) == 1, f"{file} has {text.count(old)} times {old!r}"
    changed = dict(vars(module))
    exec(compile(text.replace(old, new), f"{file} with a bug", "exec"), changed)
    for name, known in vars(module).items():
        if inspect.isclass(known) and known.__module__ == module.__name__:
            for method, function in vars(changed[name]).items():
                if inspect.isfunction(function) and not method.startswith("__"):
                    monkeypatch.setattr(known, method, function)


@pytest.mark.parametrize(("name", "file", "old", "new"), BUGS, ids=[bug[0] for bug in BUGS])
def test_it_is_found(name, file, old, new, monkeypatch, tmp_path):
    patched(monkeypatch, file, old, new)
    if not EVERY:
        return
    monkeypatch.setattr(bench, "PATIENCE", 2000)
    text, _ = modules(bench.ENGINE, EncoderEngine(TINY, taps=True))
    monkeypatch.setattr(bench, "engine_verilog", lambda configuration: text)
    tried = next((one for one in TRIED if finds(*one, tmp_path)), None)
    if tried is None:
        monkeypatch.setattr(bench, "PATIENCE", 20_000)
        with_delays(monkeypatch, TINY)
        tried = next((one for one in DELAYED if finds(*one, tmp_path)), None)
        assert tried, f"{name} is not found"
    print(f"{name}: {', '.join(map(str, tried))}")


def finds(name, groups, pattern, folder):
    program = random_program([*PROGRAMS].index(name), **PROGRAMS[name])
    codes = np.stack([random_image(program, seed) for seed in range(2)])
    try:
        results = run.simulate_model(program, codes, TINY, simulator="icarus", compare="all",
                                     groups=groups, stalls=Stalls.of(pattern, seed=3),
                                     out=folder / name)
    except ValueError:  # it hangs, stops with an error, or gives more or fewer beats
        return True
    return bool(results.differences)
