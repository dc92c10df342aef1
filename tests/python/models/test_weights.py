"""Weights in the forms that people have: what loads, what is said of it, what is refused."""

import argparse
import collections
import json

import pytest
import safetensors.torch
import torch

from vit2rtl.models import weights, zoo
from vit2rtl.models.zoo import timm

NAME = "vit_tiny_patch16_224"
SMALL = {"img_size": 32, "depth": 1, "embed_dim": 24, "num_heads": 3}


@pytest.fixture(scope="module")
def model():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        return timm.create_model(NAME, num_classes=5, **SMALL).eval()


@pytest.fixture
def state(model):
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


@pytest.fixture
def save(tmp_path):
    """``save(object) -> path``: a flat dict of tensors as safetensors, others by torch.save."""

    def save(content, name="weights.safetensors"):
        path = tmp_path / name
        if path.suffix == ".safetensors":
            safetensors.torch.save_file({k: v.contiguous() for k, v in content.items()}, path)
        else:
            torch.save(content, path)
        return path

    return save


def create(path, name=NAME, **arguments):
    """(model, lines said)"""
    said = []
    made = zoo.create(name, weights=path, say=said.append, **{**SMALL, **arguments})
    return made, said


def refused(path, name=NAME, **arguments):
    with pytest.raises(ValueError) as error:
        create(path, name, **arguments)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value).replace(str(path), "FILE")


def equal(one, other):
    return all(torch.equal(a, b) for a, b in
               zip(one.state_dict().values(), other.state_dict().values(), strict=True))


@pytest.mark.parametrize("prefix", ["module.", "model.", "module._orig_mod.", "net.backbone."])
def test_one_common_prefix_is_taken_off_and_said(prefix, state, save, model):
    made, said = create(save({prefix + name: tensor for name, tensor in state.items()}))
    assert equal(made, model)
    assert said == [f"Weights: prefix {prefix!r} taken off"]


def test_what_a_prefix_leaves_out_is_said(state, save, model):
    parts = {f"model.{name}": tensor for name, tensor in state.items()}
    made, said = create(save(parts | {"criterion.weight": torch.ones(5)}))
    assert equal(made, model)
    assert said == ["Weights: prefix 'model.' taken off, 1 left out, 'criterion.weight' first"]


def test_a_head_beside_the_prefix_is_the_models(state, save, model):
    """As fine-tuning has it: a backbone, and the classifier next to it."""
    parts = {name if name.startswith("head.") else f"backbone.{name}": tensor
             for name, tensor in state.items()}
    made, said = create(save(parts))
    assert equal(made, model) and made.num_classes == model.num_classes
    assert said == ["Weights: prefix 'backbone.' taken off"]


def test_two_models_in_one_file_are_refused(state, save):
    path = save({f"{part}.{name}": t.clone() for name, t in state.items()
                 for part in ("teacher", "student")})
    assert refused(path) == ("Weights file FILE holds 2 models, under 'student', 'teacher': save "
                             "the one that is meant alone")


@pytest.mark.parametrize("nest", [
    lambda state: state,
    lambda state: {"model": state},
    lambda state: {"state_dict": {f"model.{name}": t for name, t in state.items()}, "epoch": 3},
    lambda state: {"model": {k: t + 1 for k, t in state.items()}, "model_ema": state,
                   "args": argparse.Namespace(lr=1e-3), "optimizer": {"state": {}}},
    lambda state: {"encoder_q": collections.OrderedDict(state), "step": 1},
    lambda state: {"checkpoint": {"x": 1}, "model": {"state_dict": state}},
], ids=["plain", "model", "lightning", "ema", "another key", "twice"])
@pytest.mark.parametrize("suffix", ["pth", "bin"])
def test_files_of_torch_save(nest, suffix, state, save, model):
    assert equal(create(save(nest(state), f"weights.{suffix}"))[0], model)


class Thing:
    """What only unpickling would make."""


def test_nothing_is_unpickled(state, save):
    assert refused(save({"model": state, "thing": Thing()}, "weights.pth")).startswith(
        "Weights file FILE holds more than weights, or is broken, and is not unpickled: save "
        "model.state_dict() by safetensors.torch.save_file (")
    assert refused(save(Thing(), "weights.pt")).startswith("Weights file FILE holds more than")


@pytest.mark.parametrize("content", [{}, [], {"epoch": 1}, torch.ones(3), {"model": {"a": 1}},
                                     {1: torch.ones(1)}])
def test_a_file_without_a_state_dict(content, save):
    assert refused(save(content, "weights.pth")) == (
        "Weights file FILE holds no state dict: names and tensors")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 a pickle, says the zip" * 9, b"\x80nothing",
                                     b"\x00" * 99, b"\x08" + bytes(7) + b"{" * 100_000])
def test_files_that_hold_no_weights(content, tmp_path):
    (tmp_path / "weights.bin").write_bytes(content)
    assert refused(tmp_path / "weights.bin").startswith("Weights file FILE ")


def test_names_of_a_missing_file_or_a_folder(tmp_path):
    assert refused(tmp_path / "none") == "Weights file FILE does not exist"
    assert refused(tmp_path) == "Weights file FILE does not exist"


@pytest.mark.parametrize("kind", ["float8_e4m3fn", "float8_e5m2", "complex64"])
def test_numbers_of_other_kinds_are_named(kind, state, save):
    state["norm.weight"] = state["norm.weight"].to(getattr(torch, kind))
    assert refused(save(state)) == (f"Weights file FILE: norm.weight is {kind}: weights must be "
                                    "float32, float16 or bfloat16")


@pytest.mark.parametrize("kind", ["int8", "uint8", "bool", "int64"])
def test_integers_are_no_floats(kind, state, save):
    name = "blocks.0.attn.proj.weight"
    state[name] = state[name].to(getattr(torch, kind))
    assert refused(save(state)) == (f"Weights file FILE: {name} is {kind}, and the model wants "
                                    "floats: quantized weights are not read")


@pytest.mark.parametrize("kind", ["float16", "bfloat16", "float64"])
def test_numbers_become_float32(kind, state, save):
    made, _ = create(save({k: t.to(getattr(torch, kind)) for k, t in state.items()}))
    assert {p.dtype for p in made.parameters()} == {torch.float32}


def test_position_embeddings_are_resized_as_timm_does(state, save):
    from timm.layers import resample_abs_pos_embed

    made, said = create(save(state), img_size=64)
    want = resample_abs_pos_embed(state["pos_embed"], [4, 4], num_prefix_tokens=1)
    assert torch.equal(made.pos_embed, want)
    assert said == ["Weights: pos_embed resized from (1, 5, 24) to (1, 17, 24), as timm does"]


def test_relative_positions_of_swin_are_resized(save):
    arguments = {"img_size": 64, "depths": (1,), "num_heads": (2,), "embed_dim": 12}
    name = "swin_tiny_patch4_window7_224"
    path = save(timm.create_model(name, window_size=4, **arguments).state_dict())
    said = []
    made = zoo.create(name, weights=path, say=said.append, window_size=8, **arguments)
    table = "layers.0.blocks.0.attn.relative_position_bias_table"
    assert made.state_dict()[table].shape == (225, 2)
    assert said == [f"Weights: {table} resized from (49, 2) to (225, 2), as timm does"]


@pytest.mark.parametrize(("made", "asked", "meant"), [
    ("deit_tiny_distilled_patch16_224", "deit_tiny_patch16_224", "deit_tiny_distilled_patch16_224"),
    ("deit_tiny_distilled_patch16_224", NAME, "deit_tiny_distilled_patch16_224"),
    ("deit_tiny_patch16_224", "deit_tiny_distilled_patch16_224", "deit_tiny_patch16_224"),
])
def test_the_model_that_fits_a_distilled_one_is_named(made, asked, meant, save):
    line = refused(save(timm.create_model(made, **SMALL).state_dict()), asked)
    assert line.startswith("Weights file FILE is of a ")
    assert line.endswith(f", and {asked} is not: quantize {meant}")


def test_without_a_head_it_is_a_feature_extractor(state, save, model):
    headless = {k: t for k, t in state.items() if not k.startswith("head.")}
    made, said = create(save(headless))
    assert (made.num_classes, len(said)) == (0, 1)
    assert said == ["Weights: there is no head: a model that gives features (num_classes=0)"]
    again, said = create(save(headless), num_classes=0)
    assert (equal(made, again), said) == (True, [])
    assert equal(create(save(state), num_classes=0)[0], made)


def test_half_a_head_is_none(state, save):
    del state["head.weight"]
    assert refused(save(state)).startswith("Weights file FILE lacks 'head.weight'")


def test_shards_are_one_state_dict(state, tmp_path, model):
    names = sorted(state)
    places = {name: f"model-{n % 2}.safetensors" for n, name in enumerate(names)}
    for file in set(places.values()):
        part = {name: state[name] for name in names if places[name] == file}
        safetensors.torch.save_file(part, tmp_path / file)
    index = tmp_path / "model.safetensors.index.json"
    index.write_text(json.dumps({"weight_map": places}))
    assert equal(create(index)[0], model)
    before = weights.digest(index)
    assert weights.digest(index) == before
    safetensors.torch.save_file({"a": torch.ones(1)}, tmp_path / "model-1.safetensors")
    assert weights.digest(index) != before
    (tmp_path / "model-1.safetensors").unlink()
    assert "model-1.safetensors, which model.safetensors.index.json names, does not exist" in (
        refused(index))
    index.write_text('{"weight_map": {"a": "../../etc/passwd"}}')
    assert refused(index) == ("FILE is no index of weights files: it needs 'weight_map', "
                              "names of files by tensor")
