"""What stops the engine in the midst of an image, and that the next image does not see it."""

import numpy as np
import pytest

from tests.every import EVERY
from tests.golden.engine.compiler.engines import TINY
from tests.golden.engine.compiler.random_programs import random_image, random_program
from tests.golden.engine.compiler.test_verify import edited, first
from vit2rtl.golden.engine.buffers import buffers
from vit2rtl.golden.engine.compiler import compile, image_stream
from vit2rtl.golden.engine.errors import Error
from vit2rtl.golden.engine.instructions import CONTROL, Load, Unit, pack, unpack
from vit2rtl.golden.program.execute import execute
from vit2rtl.sim.model import bench, differences
from vit2rtl.sim.model.bench import Phase, Stalls
from vit2rtl.sim.tools import simulators

RESETS = 20 if EVERY else 5
NONE = 7
# Cycles in which nothing moves.
LIMIT = 300


class Image:
    """A small program compiled, an image of it and its logits."""

    def __init__(self, seed=0, **shape):
        small = {"image": (1, 4, 4), "channels": 4, "heads": 1, "hidden": 4, "classes": 5}
        self.program = random_program(seed, **small | shape)
        self.codes = random_image(self.program, seed)
        self.image = compile(self.program, TINY)
        self.sent = image_stream(self.program, self.codes, TINY)

    @property
    def beats(self):
        return self.image.stream()

    def phase(self, command=None, sent=None, **options):
        command = self.beats if command is None else command
        return Phase(command.astype("<u8").tobytes(), [sent or self.sent], **options)

    def given(self, outcome):
        return differences.logits(outcome, self.program, 1).tolist()

    @property
    def wanted(self):
        return execute(self.program, self.codes[np.newaxis]).tolist()


@pytest.fixture(scope="module")
def small():
    return Image()


@pytest.fixture
def model(monkeypatch):
    monkeypatch.setattr(bench, "PATIENCE", 2 * LIMIT)
    return bench.bench(simulators.find("icarus"), TINY)


def control(beats, place=1, **fields):
    """The stream with another control beat."""
    edit = beats.copy()
    edit[place] = pack(CONTROL, unpack(CONTROL, int(beats[place])) | fields)
    return edit


def with_operands(image, number, **operands):
    one = image.instructions[number]
    return edited(image, number, operands=one.operands | operands).stream()


def faults(small):
    """{name: (phase, error, unit)}; of a stream's first instruction where it is of one."""
    beats, image, sent = small.beats, small.image, small.sent
    start = image.instructions[0].unit
    patches = first(image, Unit.LOAD)
    while image.instructions[patches].opcode != Load.PATCHES:
        patches += 1
    matmul = first(image, Unit.MATMUL)
    depth = buffers(TINY)["hidden"].depth
    header = beats.copy()
    header[0] ^= np.uint64(1)
    other = beats.copy()
    other[0] ^= np.uint64(1 << 40)
    phase = small.phase
    return {
        "no header": (phase(header), Error.MAGIC, NONE),
        "another configuration": (phase(other), Error.CONFIGURATION, NONE),
        "no such unit": (phase(control(beats, unit=6)), Error.UNIT, 6),
        "no such opcode": (phase(control(beats, opcode=15)), Error.OPCODE, start),
        "a wait for no unit": (phase(control(beats, wait_0=6)), Error.WAIT, start),
        "rows beyond a bank": (phase(with_operands(image, matmul, rows=TINY.bank_rows + 1)),
                               Error.OPERAND, Unit.MATMUL),
        "a beat of payload": (
            phase(control(beats, payload=unpack(CONTROL, int(beats[1]))["payload"] + 1)),
            Error.PAYLOAD, start),
        "beyond a buffer": (phase(with_operands(image, patches, base=depth - 1)),
                            Error.ADDRESS, Unit.LOAD),
        "no stream but its header": (phase(beats[:1]), Error.COMMAND_EARLY, NONE),
        "ended within operands": (phase(beats[:3]), Error.COMMAND_EARLY, start),
        "ended within payload": (phase(beats[:-1]), Error.COMMAND_EARLY, Unit.EPILOGUE),
        "a beat more": (phase(np.append(beats, beats[:1])), Error.COMMAND_LATE, Unit.EPILOGUE),
        "image a beat short": (phase(sent=sent[:-8]), Error.IMAGE_EARLY, Unit.LOAD),
        "image a beat longer": (phase(sent=sent + bytes(8)), Error.IMAGE_LATE, Unit.LOAD),
        "logits never taken": (phase(takes=False), Error.WATCHDOG, NONE),
    }


def test_faults_stop_the_engine_and_a_soft_reset_recovers(small, model, tmp_path):
    """Registers answer behind each of them; the next image is equal."""
    table = faults(small)
    phases = [part for phase, *_ in table.values() for part in (phase, small.phase())]
    outcomes = model.run_phases(phases, tmp_path, watchdog=LIMIT)
    found = {
        name: (outcome.registers["ERROR"] & 0xF, outcome.registers["ERROR"] >> 4 & 7)
        for name, outcome in zip(table, outcomes[::2], strict=True)}
    assert found == {name: (int(error), int(unit)) for name, (_, error, unit) in table.items()}
    for name, outcome in zip(table, outcomes[1::2], strict=True):
        assert outcome.registers["ERROR"] & 0xF == Error.NONE, name
        assert small.given(outcome) == small.wanted, name
        assert outcome.registers["IMAGES"] == 1, name


@pytest.mark.parametrize("pattern", ["0", "50"])
def test_a_soft_reset_in_any_cycle(pattern, small, model, tmp_path):
    whole = model.run_phases([small.phase()], tmp_path / "whole")[0].image_cycles[0]
    cuts = np.random.default_rng(3).integers(1, whole, RESETS)
    phases = [part for cut in cuts.tolist() for part in (small.phase(until=cut), small.phase())]
    outcomes = model.run_phases(phases, tmp_path / "cut", stalls=Stalls.of(pattern, seed=1))
    for cut, outcome in zip(cuts, outcomes[1::2], strict=True):
        assert small.given(outcome) == small.wanted, cut
        assert outcome.registers["ERROR"] & 0xF == Error.NONE, cut


def test_programs_one_after_the_other(small, model, tmp_path):
    """No reset between them: counters go on, memories have what the others left."""
    other = Image(1, bits=8, v_bits=8, weight_bits=8, channels=8, heads=2)
    order = [small, other, small, small, other]
    outcomes = model.run_phases([one.phase(resets=False) for one in order], tmp_path)
    for one, outcome in zip(order, outcomes, strict=True):
        assert one.given(outcome) == one.wanted
    assert outcomes[-1].registers["IMAGES"] == len(order)
