"""Folders of programs: what is written, and where; constants that are not what they were."""

import hashlib
import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save

from vit2rtl.golden.program.execute import execute, stages
from vit2rtl.golden.program.inspection import summary
from vit2rtl.golden.program.program import (
    GRAPH,
    TENSORS,
    IntegerProgram,
    Op,
    Tensor,
    check_place,
)
from vit2rtl.golden.program.reader import read_program

from .test_program import small_program


@pytest.fixture
def folder(tmp_path):
    small_program().save(tmp_path / "program")
    return tmp_path / "program"


def restated(folder, data):
    """Other bytes of constants, and a graph that says so."""
    (folder / TENSORS).write_bytes(data)
    graph = json.loads((folder / GRAPH).read_text())
    graph["tensors"]["sha256"] = hashlib.sha256(data).hexdigest()
    (folder / GRAPH).write_text(json.dumps(graph))


def refusal(folder):
    with pytest.raises(ValueError) as raised:
        read_program(folder)
    return str(raised.value).removeprefix(f"{folder / GRAPH}: ")


@pytest.mark.parametrize("pixel_codes", [
    None, np.zeros((1, 255), np.uint8), np.zeros(256, np.uint8), np.zeros((1, 256), np.int16),
    np.full((1, 256), 16, np.uint8),
], ids=str)
def test_pixel_codes_that_do_not_fit(folder, pixel_codes):
    arrays = load_file(folder / TENSORS)
    arrays |= {"pixel_codes": pixel_codes}
    restated(folder, save({name: a for name, a in arrays.items() if a is not None}))
    assert refusal(folder) == "tensor 'pixel_codes' must be uint8[1, 256], 0 to 15"


def test_constants_in_another_format(folder):
    restated(folder, b"numpy")
    assert refusal(folder).startswith(f"{TENSORS} is not a safetensors file (")


def test_the_graph_is_sorted_and_ends_its_last_line(tmp_path):
    program = small_program()
    program.recipe = {"weight_bits": 2, "activation_bits": 4}
    program.save(tmp_path / "program")
    text = (tmp_path / "program" / GRAPH).read_text()
    assert text == json.dumps(json.loads(text), indent=1, sort_keys=True) + "\n"
    assert text.startswith('{\n "image": {\n  "bits": 4,\n')


def test_a_program_replaces_one_of_any_version(folder):
    graph = json.loads((folder / GRAPH).read_text())
    (folder / GRAPH).write_text(json.dumps(graph | {"schema": "vit2rtl.program/0"}))
    check_place(folder)
    small_program().save(folder)
    assert read_program(folder).model == "by hand"
    (folder / "notes").touch()
    with pytest.raises(ValueError, match="holds 'notes', which is no part of the program"):
        check_place(folder)


@pytest.mark.parametrize("graph", ['{"schema": "vit2rtl.vectors/2"}', "{}", "[]"])
def test_a_program_replaces_nothing_else(folder, graph):
    (folder / GRAPH).write_text(graph)
    for write in (check_place, small_program().save):
        with pytest.raises(ValueError, match="is not empty and not a program: not overwriting it"):
            write(folder)


def branching():
    """The mean of two tokens, both taken of the linear layer's."""
    program = small_program()
    select = program.ops.pop(2)
    logits = program.ops.pop(2)
    for n in range(2):
        output = Tensor(f"token{n}", (1, 3), 8, scale=0.25, zero_point=100)
        program.ops.append(Op(f"select{n}", "select", select.inputs, output, {"tokens": [n]}))
    program.ops.append(Op("logits", "average_float", ("token0", "token1"), logits.output,
                          {"scales": [0.25] * 2, "zero_points": [100] * 2}))
    return program


CODES = np.random.default_rng(6).integers(0, 16, (5, 1, 4, 4), dtype=np.uint8)


def test_a_tensor_is_kept_until_its_last_use():
    logits, recorded = execute(branching(), CODES, record=["proj", "image"])
    assert np.array_equal(recorded["image"], CODES)
    assert np.array_equal(logits, (recorded["proj"][:, :2].mean(axis=1) - 100) * 0.25)
    assert np.array_equal(execute(branching(), CODES), logits)


def test_stages_come_in_order_and_no_others():
    made = dict(stages(branching(), CODES, {"token1", "image", "proj"}))
    assert list(made) == ["image", "proj", "token1"]
    assert np.array_equal(made["token1"], made["proj"][:, [1]])


def with_table(entries=4):
    """A table of 3 bits behind the layer of 93 bits and 15 reals."""
    program = small_program()
    output = Tensor("token", (1, 3), 3)
    table = {"table": np.zeros(entries, np.uint8)}
    program.ops.append(Op("table", "table", ("token",), output, {}, table))
    bounds = {"accumulator_bound": 255, "input_zero_point": 0, "multiplier": 1, "shift": 1}
    program.ops.append(Op("pool", "pool", ("proj",), output, bounds))
    return program


def test_totals():
    totals = summary(with_table())["totals"]
    assert (totals["ops"], totals["parameter_bytes"]) == (6, 12)
    assert (totals["table_bytes"], totals["float32_bytes"]) == (2, 60)
    assert totals["float32_over_weights"] == totals["float32_over_parameters"] == 480 / 93
    assert totals["float32_over_all"] == 480 / (93 + 12)
    # Of the layer's accumulators up to 60, seven bits.
    assert totals["widest_accumulator_bits"] == 9


def test_totals_without_parameters():
    program = small_program()
    image = program.image
    nothing = IntegerProgram("hardware", image, program.pixel_codes, program.ops[:1], {}, "m", {})
    assert summary(nothing)["totals"] == {
        "ops": 1, "macs": {"linear": 0, "query_key": 0, "attention_value": 0, "all": 0},
        "mean_bits": {"by_macs": 0.0, "by_weights": 0.0},
        "float32_bytes": 0, "parameter_bytes": 0, "table_bytes": 0, "float32_over_weights": 0.0,
        "float32_over_parameters": 0.0, "float32_over_all": 0.0, "widest_accumulator_bits": 0,
    }
