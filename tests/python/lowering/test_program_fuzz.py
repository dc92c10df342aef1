"""Programs edited by hand: refused in one line or still programs, never a traceback."""

import copy
import hashlib
import json
import random

import numpy as np
import pytest
import torch
from safetensors.numpy import load, save

from vit2rtl.golden.program.execute import execute
from vit2rtl.golden.program.inspection import summary
from vit2rtl.golden.program.program import GRAPH, TENSORS
from vit2rtl.golden.program.reader import read_program
from vit2rtl.lowering.lower import lower
from vit2rtl.models.zoo import timm
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

VALUES = (
    None, "", "x", -1, 0, 1, 3, 2**20, 2**40, 2**70, -(2**70), 1.5, float("inf"), float("nan"),
    True, [], {}, [1], [-1], ["a"], [2**70, 1, 1], {"a": 1},
)
PREPROCESSING = {"input_size": [3, 16, 16], "interpolation": "bicubic", "mean": [0.5] * 3,
                 "std": [0.5] * 3}
DELETED = object()
MODELS = {
    "vit": ("vit_tiny_patch16_224",
            {"patch_size": 8, "depth": 1, "num_heads": 2, "global_pool": "avg", "fc_norm": False}),
    "swin": ("swin_tiny_patch4_window7_224",
             {"patch_size": 2, "window_size": 4, "depths": (2, 1), "num_heads": (2, 2)}),
}
# Edits tried of each program, drawn from all there are.
EDITS, CHANGED = 400, 150


@pytest.fixture(scope="module", params=[(name, variant) for name in MODELS
                                        for variant in ("hardware", "integer")], ids="-".join)
def written(request, tmp_path_factory):
    """(folder, graph, constants) of a program of a few thousand parameters."""
    name, variant = request.param
    model, arguments = MODELS[name]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = timm.create_model(model, img_size=16, embed_dim=8, num_classes=3, **arguments)
        for parameter in network.parameters():
            parameter.data += 0.1 * torch.randn(parameter.shape)
        images = torch.randn(4, 3, 16, 16)
    quantized = QuantizedViT(network.eval(), Recipe()).calibrate(images)
    folder = tmp_path_factory.mktemp("fuzz") / variant
    lower(quantized, variant=variant, model=name, images=images,
          preprocessing=PREPROCESSING).save(folder)
    return folder, json.loads((folder / GRAPH).read_text()), load((folder / TENSORS).read_bytes())


# Attributes that say what the input's tensor says already.
REPEATED = (("attributes", "scale"), ("attributes", "logit_scale"))


def outcome(folder):
    """"valid" or the error's text, one line; any other error is the test's failure."""
    try:
        program = read_program(folder)
        summary(program)
        codes = np.zeros((1, *program.image.shape), np.uint8)
        execute(program, codes)
    except ValueError as error:
        text = str(error)
        assert text and "\n" not in text
        return text
    return "valid"


def places(value, at=()):
    """Paths of everything in a JSON value, the value itself left out."""
    items = value.items() if isinstance(value, dict) else (
        enumerate(value[:2]) if isinstance(value, list) and at[-1:] != ("ops",)
        else enumerate(value) if isinstance(value, list) else ())
    for key, inner in items:
        yield (*at, key)
        yield from places(inner, (*at, key))


def edited(graph, place, value):
    graph = copy.deepcopy(graph)
    owner = graph
    for key in place[:-1]:
        owner = owner[key]
    if value is DELETED:
        del owner[place[-1]]
    else:
        owner[place[-1]] = value
    return graph


def test_any_field_of_the_graph(written):
    folder, graph, _ = written
    draw = random.Random(0)
    outcomes, everywhere = {}, list(places(graph))
    for _ in range(EDITS):
        place, value = draw.choice(everywhere), draw.choice((*VALUES, DELETED))
        (folder / GRAPH).write_text(json.dumps(edited(graph, place, value)))
        outcomes[place, str(value)] = outcome(folder)
    (folder / GRAPH).write_text(json.dumps(graph))
    assert outcome(folder) == "valid"
    refused = [text for text in outcomes.values() if text != "valid"]
    assert len(refused) > EDITS / 2


CHANGES = {
    "half floats": lambda a: a.astype(np.float16),
    "doubles": lambda a: a.astype(np.float64),
    "int64": lambda a: a.astype(np.int64),
    "uint64": lambda a: a.astype(np.uint64),
    "int8": lambda a: a.astype(np.int8),
    "bools": lambda a: a.astype(bool),
    "an axis more": lambda a: a[np.newaxis],
    "one column": lambda a: a[..., :1],
    "nothing": lambda a: a.reshape(-1)[:0],
    "flat": lambda a: a.reshape(-1),
    "one number": lambda a: a.reshape(-1)[0],
    "zeros": lambda a: a * 0,
    "large numbers": lambda a: np.full(a.shape, 2**62),
    "the most negative": lambda a: np.full(a.shape, -(2**63)),
    "huge reals": lambda a: np.full(a.shape, 1e300),
    "no numbers": lambda a: np.full(a.shape, np.nan),
}


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning",
                            "ignore:overflow encountered:RuntimeWarning")
def test_any_constant(written):
    folder, graph, constants = written
    draw = random.Random(0)
    for _ in range(CHANGED):
        name, change = draw.choice(list(constants)), draw.choice(list(CHANGES))
        data = save(constants | {name: np.ascontiguousarray(CHANGES[change](constants[name]))})
        graph["tensors"]["sha256"] = hashlib.sha256(data).hexdigest()
        (folder / TENSORS).write_bytes(data)
        (folder / GRAPH).write_text(json.dumps(graph))
        text = outcome(folder)
        if change in ("bools", "nothing", "no numbers"):
            assert text != "valid", (name, change)


@pytest.mark.parametrize("text", [
    "", "{", "[]", "null", "1", '"text"', "\ufeff{}", "{" * 5000, "[" * 100000,
    '{"schema": "vit2rtl.program/2"}', '{"schema": "vit2rtl.program/2", "ops": null}',
    '{"schema": "vit2rtl.program/2", "tensors": 3}',
])
def test_other_files_are_no_graphs(tmp_path, text):
    (tmp_path / GRAPH).write_text(text, encoding="utf-8")
    (tmp_path / TENSORS).write_bytes(b"")
    with pytest.raises(ValueError) as raised:
        read_program(tmp_path)
    assert "\n" not in str(raised.value)
    assert str(tmp_path / GRAPH) in str(raised.value)


@pytest.mark.parametrize("data", [b"", b"\x00" * 8, b"\xff" * 16, b"no tensors at all"])
def test_other_files_are_no_constants(tmp_path, data):
    described = {"sha256": hashlib.sha256(data).hexdigest()}
    (tmp_path / TENSORS).write_bytes(data)
    (tmp_path / GRAPH).write_text(json.dumps({"schema": "vit2rtl.program/2", "tensors": described}))
    with pytest.raises(ValueError, match=r"program\.safetensors is not a safetensors file"):
        read_program(tmp_path)


def test_whole_numbers_where_reals_belong(written):
    folder, graph, constants = written
    data = save(constants)
    (folder / TENSORS).write_bytes(data)
    graph["tensors"]["sha256"] = hashlib.sha256(data).hexdigest()
    wanted = [place for place in places(graph) if place[-1] in ("logit_scale", "epsilon", "scale")]
    for place in wanted[:6] + [place for place in wanted if place[-1] != "scale"][:3]:
        for value in (-1, 1, 2**40, 2**70, 10**400):
            (folder / GRAPH).write_text(json.dumps(edited(graph, place, value)))
            said = outcome(folder)
            if value in (-1, 10**400) or place[-2:] in REPEATED:
                assert said != "valid", (place, value)
            elif place[-1] == "epsilon" and graph["variant"] == "hardware":
                assert said == "valid", (place, value)


@pytest.mark.parametrize("change", ["int8", "uint64", "int64"])
def test_factors_of_layernorm_in_any_integers(written, change):
    folder, graph, constants = written
    names = [name for name in constants if name.endswith(("norm1/gain", "norm1/offset"))]
    for name in names:
        data = save(constants | {name: np.ascontiguousarray(CHANGES[change](constants[name]))})
        graph["tensors"]["sha256"] = hashlib.sha256(data).hexdigest()
        (folder / TENSORS).write_bytes(data)
        (folder / GRAPH).write_text(json.dumps(graph))
        assert (outcome(folder) == "valid") == (change != "uint64")
