"""What people give by mistake: one line that says what it is and what would be right."""

import numpy as np
import pytest
import safetensors.torch
import torch

from vit2rtl.golden.vectors.bundle import read_bundle
from vit2rtl.models import hub

from .conftest import SMALL

MODEL = "vit_tiny_patch16_224"


@pytest.fixture
def quantized(command, photos, tmp_path):
    """``quantized(weights, *arguments)``: the lines on standard error of the small model's."""
    def run(weights, *arguments, code=2):
        pairs = (text for pair in (*SMALL, *arguments) for text in ("--model-arg", pair))
        found, _, said = command("quantize", MODEL, "--weights", weights, "--images", photos,
                                 "--count", 2, "--out", tmp_path / "out", *pairs)
        assert found == code, said
        assert (tmp_path / "out").exists() == (code == 0)
        return said.strip().splitlines()

    return run


@pytest.mark.parametrize(("argument", "said"), [
    ("depth=true", "Argument depth of {} must be an integer, not True"),
    ("mlp_ratio=nan", "Argument mlp_ratio of {} must be a number, not 'nan'"),
    ("num_heads=two", "Argument num_heads of {} must be an integer, not 'two'"),
    ("qkv_bias=3", "Argument qkv_bias of {} must be true or false, not 3"),
    ("pos_embed=foo", "timm cannot make {} with img_size=32, depth=1, embed_dim=24, "
                      "pos_embed='foo' (assert pos_embed in ('', 'none', 'learn'))"),
])
def test_an_argument_of_another_type(quantized, tiny_weights, argument, said):
    assert quantized(tiny_weights, argument) == [f"vit2rtl: {said.format(MODEL)}"]


def test_weights_that_overflow(quantized, tiny_weights, tmp_path):
    state = safetensors.torch.load_file(tiny_weights)
    state["blocks.0.mlp.fc1.weight"][0, :2] = torch.tensor([3e38, -3e38])
    safetensors.torch.save_file(state, tmp_path / "huge.safetensors")
    assert quantized(tmp_path / "huge.safetensors")[-1] == (
        "vit2rtl: Weights or activations are too large: their scale is not finite")


@pytest.mark.parametrize(("keys", "said"), [
    (("teacher", "student"), "Weights: 'teacher' taken, not 'student'"),
    (("model", "model_ema", "epoch"), "Weights: 'model_ema' taken, not 'model'"),
    (("b", "a"), "Weights: 'b' taken, not 'a'"),
])
def test_of_several_state_dicts_the_one_taken_is_said(
    quantized, tiny_weights, tmp_path, keys, said
):
    state = safetensors.torch.load_file(tiny_weights)
    torch.save({key: 3 if key == "epoch" else state for key in keys}, tmp_path / "both.pth")
    assert f"{said}: save another alone to take it" in quantized(tmp_path / "both.pth", code=0)


def test_a_state_dict_of_its_own_is_taken_in_silence(quantized, tiny_weights, tmp_path):
    state = safetensors.torch.load_file(tiny_weights)
    torch.save({"model": state, "epoch": 3}, tmp_path / "one.pth")
    assert not any("taken" in line for line in quantized(tmp_path / "one.pth", code=0))


def test_weights_without_a_class_token(quantized, tiny_weights, tmp_path):
    state = safetensors.torch.load_file(tiny_weights)
    del state["cls_token"]
    state["pos_embed"] = state["pos_embed"][:, 1:].contiguous()
    path = tmp_path / "pooled.safetensors"
    safetensors.torch.save_file(state, path)
    assert quantized(path) == [
        f"vit2rtl: Weights file {path} lacks a class token, which the model has: "
        "class_token=false makes one without"]


def test_arrays_of_numpy_are_no_weights(quantized, tmp_path):
    path = tmp_path / "weights.npz"
    np.savez(path, cls_token=np.zeros(3))
    assert quantized(path) == [
        f"vit2rtl: Weights file {path} is numpy's: save dict(numpy.load(...)) by "
        "safetensors.numpy.save_file"]


@pytest.mark.parametrize("name", ["run", "inspect"])
def test_a_checkpoint_in_place_of_a_program(command, mnist, name):
    code, _, said = command(name, mnist)
    assert (code, said) == (2, f"vit2rtl: {mnist} is a checkpoint; vit2rtl lower {mnist} --out "
                               "PROGRAM makes a program of it\n")


def test_vectors_of_ops_that_no_unit_computes(command, mnist, tmp_path):
    assert command("lower", mnist, "--variant", "integer", "--out", tmp_path / "program")[0] == 0
    assert command("vectors", tmp_path / "program", "--count", 1, "--ops", "patches",
                   "--out", tmp_path / "ops")[0] == 0
    code, _, said = command("simulate", tmp_path / "ops", "--out", tmp_path / "simulation")
    assert code == 2
    assert said == "vit2rtl: No op of these is computed by a unit\n"
    with pytest.raises(ValueError) as raised:
        read_bundle(tmp_path / "ops")
    assert str(raised.value) == (
        f"{tmp_path / 'ops'} has vectors of a program's ops, not of units: the command vit2rtl "
        "simulate makes a bundle of units of them")


def test_without_a_name_server_the_hub_is_not_asked(monkeypatch):
    from huggingface_hub import constants

    asked = []

    def silent(host, port):
        asked.append(host)
        raise OSError("no name server")

    monkeypatch.setattr(hub, "getproxies", dict)
    monkeypatch.setattr(hub.socket, "getaddrinfo", silent)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    with hub.reached():
        assert constants.HF_HUB_OFFLINE
    assert not constants.HF_HUB_OFFLINE
    assert asked == ["huggingface.co"]
    monkeypatch.setattr(hub.socket, "getaddrinfo", lambda host, port: ["an address"])
    with hub.reached():
        assert not constants.HF_HUB_OFFLINE
