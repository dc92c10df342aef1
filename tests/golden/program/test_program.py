"""Programs: refused with one sentence before anything runs, the same bytes when written again."""

import json

import numpy as np
import pytest

from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.inspection import summary
from vit2rtl.golden.program.program import GRAPH, TENSORS, IntegerProgram, Op, Tensor
from vit2rtl.golden.program.reader import read_program


def small_program():
    """Four patches of 2×2, three channels out; then the first token of them; all by hand."""
    generator = np.random.default_rng(3)
    image = Tensor("image", (1, 4, 4), 4, scale=0.5, zero_point=0)
    patches = Tensor("patches", (4, 4), 4, scale=0.5)
    output = Tensor("proj", (4, 3), 8, scale=0.25, zero_point=100)
    token = Tensor("token", (1, 3), 8, scale=0.25, zero_point=100)
    weight = generator.integers(0, 4, (3, 4), dtype=np.uint8)
    weight[0] = [0, 0, 0, 3]
    tensors = {
        "weight": weight, "weight_zero_point": np.array([1, 2, 0], np.int32),
        "bias": np.array([-7, 0, 9]), "multiplier": np.full(3, 40000, np.int32),
        "shift": np.full(3, 16, np.uint8),
    }
    centered = weight.astype(int) - [[1], [2], [0]]
    bound = int((abs(centered).sum(1) * 15 + [7, 0, 9]).max())
    logits = Tensor("logits", (3,), 64, True, "float64")
    return IntegerProgram(
        "hardware", image, np.tile(np.arange(256, dtype=np.uint8) >> 4, (1, 1)),
        [
            Op("patches", "patches", ("image",), patches, {"patch": [2, 2]}),
            Op("proj", "linear", ("patches",), output,
               {"weight_bits": 2, "accumulator_bound": bound, "input_zero_point": 0,
                "input_top": 15}, tensors),
            Op("select", "select", ("proj",), token, {"tokens": [1]}),
            Op("logits", "average_float", ("token",), logits,
               {"scales": [0.25], "zero_points": [100]}),
        ],
        {"input_size": [1, 4, 4], "interpolation": "bicubic", "mean": [0.0], "std": [1.0]},
        "by hand", {},
    )


@pytest.fixture
def folder(tmp_path):
    small_program().save(tmp_path / "program")
    return tmp_path / "program"


def edited(folder, change):
    """The text of the error that reading the folder gives after ``change(graph)``."""
    path = folder / GRAPH
    graph = json.loads(path.read_text())
    change(graph)
    path.write_text(json.dumps(graph))
    with pytest.raises(ValueError) as raised:
        read_program(folder)
    return str(raised.value).removeprefix(f"{path}: ")


def test_logits_by_hand():
    program = small_program()
    codes = np.arange(16, dtype=np.uint8).reshape(1, 1, 4, 4)
    logits, recorded = execute(program, codes, record=["patches", "proj"])
    assert recorded["patches"][0, 1].tolist() == [2, 3, 6, 7]
    weight = program.ops[1].tensors["weight"].astype(int) - [[1], [2], [0]]
    acc = weight @ [2, 3, 6, 7] + [-7, 0, 9]
    want = np.clip((acc * 40000 + 32768 >> 16) + 100, 0, 255)
    assert recorded["proj"][0, 1].tolist() == want.tolist()
    assert logits[0].tolist() == ((want - 100) * 0.25).tolist()


def test_python_integers_give_the_same_bits():
    codes = np.random.default_rng(4).integers(0, 16, (3, 1, 4, 4), dtype=np.uint8)
    program = small_program()
    _, fast = execute(program, codes, record=["proj"])
    _, slow = execute(small_program(), codes.astype(object), record=["proj"])
    assert slow["proj"].dtype == object
    assert fast["proj"].tolist() == slow["proj"].tolist()


@pytest.mark.parametrize(("codes", "text"), [
    (np.zeros((1, 1, 4, 5), int), "Image codes must have the shape (images, 1, 4, 4), "
                                  "not (1, 1, 4, 5)"),
    (np.full((1, 1, 4, 4), 16), "Image code must be between 0 and 15, not 16"),
    (np.zeros((0, 1, 4, 4), int), "There must be at least one image"),
])
def test_images_that_do_not_fit_are_refused(codes, text):
    with pytest.raises(ValueError) as raised:
        execute(small_program(), codes)
    assert str(raised.value) == text


def test_unknown_tensors_cannot_be_recorded():
    with pytest.raises(ValueError, match=r"^The program has no tensor 'nothing'$"):
        execute(small_program(), np.zeros((1, 1, 4, 4), int), record=["nothing"])


def test_an_accumulator_above_its_bound_is_refused():
    program = small_program()
    execute(program, np.full((1, 1, 4, 4), 15))
    program.ops[1].cache["linear"]["bound"] = 3
    with pytest.raises(ValueError, match=r"^Op proj: an accumulator exceeds its bound$"):
        execute(program, np.full((1, 1, 4, 4), 15))


def test_written_again_a_program_has_the_same_bytes(folder, tmp_path):
    read_program(folder).save(tmp_path / "again")
    for name in (GRAPH, TENSORS):
        assert (folder / name).read_bytes() == (tmp_path / "again" / name).read_bytes()


def test_summary_counts_bits():
    found = summary(small_program())
    row = found["ops"][1]
    # 12 weights of 2 bits; zero points of 2 bits, biases of 5, multipliers of 16, one shift.
    assert row["parameter_bits"] == 12 * 2 + 3 * (2 + 5 + 16)
    assert (row["macs"], row["float32_bits"]) == (4 * 4 * 3, 15 * 32)
    assert found["totals"]["macs"] == {
        "linear": 48, "query_key": 0, "attention_value": 0, "all": 48}
    # Codes of 4 bits times weights of 2.
    assert [row["multiplied_bits"] for row in found["ops"]][:2] == [None, 3]
    assert found["totals"]["mean_bits"] == {"by_macs": 3.0, "by_weights": 2.0}


def set_op(n, key, value):
    return lambda graph: graph["ops"][n].__setitem__(key, value)


def set_in(n, part, key, value):
    return lambda graph: graph["ops"][n][part].__setitem__(key, value)


@pytest.mark.parametrize(("change", "text"), [
    (lambda g: g["ops"].clear(), "the program has no ops"),
    (set_op(1, "kind", "conv"), "op 'proj' is of unknown kind 'conv'"),
    (set_op(1, "inputs", ["select"]), "op 'proj': its input 'select' is not there"),
    (set_op(1, "inputs", ["token"]),
     "op 'proj': its input 'token' is made by this op or a later one"),
    (set_op(1, "inputs", ["proj"]),
     "op 'proj': its input 'proj' is made by this op or a later one"),
    (set_op(1, "inputs", []), "op 'proj' takes 1 inputs, not 0"),
    (set_op(2, "name", "proj"), "op 'proj' is there twice"),
    (set_in(2, "output", "name", "proj"), "op 'select': its output 'proj' is there already"),
    (set_in(1, "output", "shape", [4, 5]),
     "op 'proj': weight of shape (3, 4) does not fit input (4, 4) and output (4, 5)"),
    (set_in(1, "output", "shape", [0]),
     "op 'proj': output: shape must be positive integers, not [0]"),
    (set_in(1, "output", "bits", 33), "op 'proj': output: bits must be between 1 and 16, not 33"),
    (set_in(1, "output", "scale", -1),
     "op 'proj': output: scale must be a finite number above 0, not -1"),
    (set_in(1, "attributes", "weight_bits", 1),
     "op 'proj': weight codes must have 1 bits, of 1 to 8"),
    (set_in(1, "attributes", "weight_bits", None),
     "op 'proj': attribute 'weight_bits' must be int, not None"),
    (set_in(1, "attributes", "input_top", 7),
     "op 'proj': zero point and top of the input are 0 and 15"),
    (set_op(1, "tensors", ["weight"]), "op 'proj' lacks the tensor 'bias'"),
    (set_op(1, "tensors", ["gain"]), f"op 'proj': {TENSORS} lacks proj/gain"),
    (set_in(2, "attributes", "tokens", [9]),
     "op 'select': tokens [9] do not fit (4, 3) and (1, 3)"),
    (lambda g: g.__setitem__("variant", "float"),
     "variant must be one of hardware, integer, not 'float'"),
    (lambda g: g.__setitem__("variant", "integer"),
     "op 'logits' computes in float, in a program of variant integer"),
    (lambda g: g["image"].__setitem__("bits", 3),
     "tensor 'pixel_codes' must be uint8[1, 256], 0 to 7"),
    (lambda g: g["tensors"].__setitem__("sha256", "0"),
     f"{TENSORS} is not the file the graph was written with (SHA-256)"),
    *((lambda g, key=key: g.pop(key), f"{key!r} is missing or no {kind}") for key, kind in (
        ("image", "dict"), ("ops", "list"), ("preprocessing", "dict"), ("model", "str"),
        ("recipe", "dict"))),
    (lambda g: g.__setitem__("output", "codes"),
     "output must be one of logits, features, not 'codes'"),
    *((lambda g, change=change: g["image"].update(change),
       "image must have three axes and unsigned codes of at most 8 bits")
      for change in ({"shape": [1, 4]}, {"signed": True}, {"bits": 9},
                     {"encoding": "log_sqrt2"})),
    (lambda g: g["image"].update(bits=8),
     "op 'patches': input and output must have the same codes"),
    (lambda g: g["image"].pop("shape"), "image: 'shape'"),
    (lambda g: g.__setitem__("tensors", [TENSORS]),
     f"{TENSORS} is not the file the graph was written with (SHA-256)"),
    (lambda g: g["ops"].__setitem__(1, 3), "op 1 is no object"),
    (lambda g: g["ops"][1].pop("name"), "op 1: 'name' is missing or no str"),
    (set_op(1, "output", 3), "op 'proj': 'output' is missing or no dict"),
    (set_in(1, "output", "name", [1]), "op 'proj': output: name must be str, not [1]"),
    (set_op(1, "inputs", [3]), "op 'proj': inputs and tensors must be names"),
    (set_op(1, "tensors", [3]), "op 'proj': inputs and tensors must be names"),
])
def test_malformed_programs_are_refused(folder, change, text):
    assert edited(folder, change) == text


def test_a_wrong_bound_is_refused(folder):
    bound = small_program().ops[1].attributes["accumulator_bound"]
    assert edited(folder, set_in(1, "attributes", "accumulator_bound", 5)) == (
        f"op 'proj': accumulator bound is {bound}, not 5")


@pytest.mark.parametrize(("version", "more"), [
    (3, ""), (1, ": make it again with vit2rtl lower"),
])
def test_another_schema_is_refused(folder, version, more):
    path = folder / GRAPH
    text = edited(folder, lambda g: g.__setitem__("schema", f"vit2rtl.program/{version}"))
    assert text == (f"{path} has schema 'vit2rtl.program/{version}'; "
                    f"this version reads 'vit2rtl.program/2'{more}")


def test_folders_that_are_no_program_are_refused(tmp_path, folder):
    with pytest.raises(ValueError) as raised:
        read_program(tmp_path)
    assert str(raised.value) == f"{tmp_path} is not a program: it has no {GRAPH}"
    (folder / TENSORS).unlink()
    with pytest.raises(ValueError) as raised:
        read_program(folder)
    assert str(raised.value) == f"{folder / GRAPH}: the file {TENSORS} is missing"
    (folder / GRAPH).write_text("{")
    with pytest.raises(ValueError, match=f"{GRAPH} is not JSON: "):
        read_program(folder)


def test_out_of_range_weight_codes_are_refused(tmp_path):
    program = small_program()
    program.ops[1].tensors["weight"][0, 0] = 4
    program.save(tmp_path / "program")
    with pytest.raises(ValueError, match=r"weight codes must have 2 bits, of 1 to 8$"):
        read_program(tmp_path / "program")


def gathering(index, shape, tmp_path):
    program = small_program()
    old = program.ops[2]
    output = Tensor("token", shape, 8, scale=0.25, zero_point=100)
    program.ops[2] = Op("gather", "gather", old.inputs, output,
                        tensors={"index": np.array(index, np.int32)})
    program.save(tmp_path / "program")
    return read_program(tmp_path / "program")


def test_gather_puts_tokens_in_order(tmp_path):
    program = gathering([3], (1, 3), tmp_path)
    codes = np.random.default_rng(5).integers(0, 16, (2, 1, 4, 4), dtype=np.uint8)
    _, recorded = execute(program, codes, record=["proj", "token"])
    assert np.array_equal(recorded["token"], recorded["proj"][:, [3]])


@pytest.mark.parametrize(("index", "shape", "text"), [
    ([4], (1, 3), "op 'gather': index must be between 0 and 3"),
    ([-1], (1, 3), "op 'gather': index must be between 0 and 3"),
    ([0, 1], (1, 3), "op 'gather': 2 tokens do not fit (4, 3) and (1, 3)"),
])
def test_gathers_that_do_not_fit_are_refused(index, shape, text, tmp_path):
    with pytest.raises(ValueError) as raised:
        gathering(index, shape, tmp_path)
    assert str(raised.value) == f"{tmp_path / 'program' / GRAPH}: {text}"
