"""What units must give, against what the executor's units give; and the names of elements."""

from dataclasses import replace

import numpy as np
import pytest

from tests.golden.engine.compiler.engines import TINY
from tests.golden.engine.compiler.random_programs import random_image, random_program
from tests.golden.engine.compiler.test_compile import PROGRAMS
from vit2rtl.golden.engine.compiler import compile, image_stream
from vit2rtl.golden.engine.compiler.expected import TAPS, Place, expected, place, watched
from vit2rtl.golden.engine.executor import execute
from vit2rtl.golden.engine.instructions import Unit
from vit2rtl.golden.engine.placement import NOWHERE
from vit2rtl.golden.program.execute import execute as golden


def both(name, configuration=TINY, groups=2):
    """(image, what golden expects, what the executor gives)."""
    seed = [*PROGRAMS].index(name)
    program = random_program(seed, **PROGRAMS[name])
    image = compile(program, configuration, groups=groups)
    codes = random_image(program, seed)
    _, tensors = golden(program, codes[np.newaxis], record=watched(image))
    given = execute(image.stream(), image_stream(program, codes, configuration), configuration,
                    seed=seed)
    return image, expected(image, {n: array[0] for n, array in tensors.items()}), given.taps


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_tap_of_every_program(name):
    _, wanted, given = both(name)
    assert wanted.keys() == given.keys() == TAPS.keys()
    for tap, one in wanted.items():
        values = given[tap].reshape(one.values.shape)
        assert not one.differs(values).any(), tap
        # Dropped are filled-up tiles, and what passes by the table.
        assert np.mean(one.places != NOWHERE) > (0.01 if tap == "table" else 0.2)


def test_lanes_of_other_numbers():
    configuration = replace(TINY, rows=8, columns=8, softmax_lanes=4, layernorm_lanes=4,
                            attention_rows=4, projected=32 * 64)
    _, wanted, given = both("no multiples of the columns", configuration)
    for tap, one in wanted.items():
        assert not one.differs(given[tap].reshape(one.values.shape)).any(), tap


def test_every_element_of_every_tensor_is_given_once():
    image, wanted, _ = both("4 bits", groups=1)
    seen = {name: np.zeros(int(np.prod(image.program.tensors()[name].shape)), int)
            for name in watched(image)}
    for tap, one in wanted.items():
        for number in np.unique(one.instructions):
            work = image.instructions[number].work
            name = work.table if tap == "table" else work.tensor
            places = one.places[one.instructions == number]
            np.add.at(seen.get(name, np.zeros(1)), places[places != NOWHERE], 1)
    for name, counts in seen.items():
        assert counts.max() == 1, name
        # Of the last block only what the first token needs; of the embedding not its constants.
        whole = not name.startswith(("1.", "x"))
        assert not whole or counts.min() == 1, name


def test_names_of_elements():
    image, wanted, _ = both("4 bits", groups=1)
    softmax = next(n for n, one in enumerate(image.instructions) if one.unit == Unit.SOFTMAX)
    assert place(image, "softmax", wanted["softmax"], 15, 1) == Place(
        "0.attn.softmax", "0.attn.softmax", (0, 3, 2), softmax)
    assert place(image, "layernorm", wanted["layernorm"], 5, 0).index == (1, 2)
    with pytest.raises(ValueError) as raised:
        place(image, "table", wanted["table"], 0, 0)
    assert str(raised.value) == "Lane 0 of beat 0 of table is no element"


def test_a_wrong_element_is_seen():
    _, wanted, given = both("4 bits")
    given["attention"] = given["attention"].copy()
    given["attention"][7] ^= 1
    differs = wanted["attention"].differs(given["attention"].reshape(-1, 1))
    assert np.argwhere(differs).tolist() == [[7, 0]]
