import json
from pathlib import Path

import pytest
import safetensors.torch
import torch

from vit2rtl import checkpoint
from vit2rtl.models.images import preprocessing
from vit2rtl.models.zoo import timm
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT

from .saving import edit, save


@pytest.fixture
def saved(tmp_path, quantize):
    return save(tmp_path / "model", quantize())


RECIPES = [
    Recipe(), Recipe(4, 4, "official"), Recipe(4, 4, "paper"),
    Recipe(4, 4, layernorm="channel-wise"), Recipe(4, 4, layernorm="layer-wise"),
    Recipe(3, 8, softmax="log2"), Recipe(8, 3, softmax="uniform"),
    Recipe(2, 2, bits_of={"patch_embed.*,head.*": 8}),
    Recipe(bits_of={"*.qkv.[qk]": 6, "blocks.1.*": "w3a5", "*.softmax": 7}),
]


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda r: "-".join(map(str, r.as_dict().values())))
def test_a_model_comes_back_bit_for_bit(recipe, tmp_path, quantize, digits):
    quantized = quantize(**recipe.as_dict())
    loaded, description = checkpoint.load(save(tmp_path / "model", quantized))
    assert loaded.recipe == recipe and description["calibration"] == {"images": ["a"]}
    seen = {}

    def codes(model):
        found = []
        for name, layer in model.layers():
            found.append(layer.register_forward_pre_hook(
                lambda m, x, n=name: seen.setdefault(n, []).append(m.input_quantizer.codes(*x))
            ))
        logits = model(digits)
        for handle in found:
            handle.remove()
        return logits

    assert codes(loaded).equal(codes(quantized))
    for calls in seen.values():
        half = len(calls) // 2
        assert torch.cat(calls[:half]).equal(torch.cat(calls[half:]))
    for (name, one), (other, two) in zip(quantized.layers(), loaded.layers(), strict=True):
        assert name == other and one.weight_codes.equal(two.weight_codes)
    again = save(tmp_path / "again", loaded)
    for file in (checkpoint.TENSORS, checkpoint.DESCRIPTION):
        assert (again / file).read_bytes() == (tmp_path / "model" / file).read_bytes()


@pytest.mark.parametrize("bits", [None, 8])
def test_checkpoints_that_had_bits_of_both_ends_come_back(bits, tmp_path, quantize, digits):
    quantized = quantize(bits_of={"patch_embed.*,head*": 8} if bits else {})
    saved = save(tmp_path / "model", quantized)

    def age(recipe):
        del recipe["bits_of"]
        recipe["first_last_bits"] = bits

    edit(saved, lambda d: age(d["recipe"]))
    tensors = saved / checkpoint.TENSORS
    with safetensors.safe_open(tensors, "pt") as opened:
        recipe = json.loads(opened.metadata()["recipe"])
    age(recipe)
    safetensors.torch.save_file(
        safetensors.torch.load_file(tensors), tensors, {"recipe": json.dumps(recipe)})
    edit(saved, lambda state: None, file=checkpoint.TENSORS)
    loaded, description = checkpoint.load(saved)
    assert loaded(digits).equal(quantized(digits))
    assert description["recipe"] == quantized.recipe.as_dict()


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("deit_tiny_distilled_patch16_224", {"img_size": 32, "depth": 1, "embed_dim": 24}),
        ("swin_tiny_patch4_window7_224",
         {"img_size": 112, "depths": [2, 1], "embed_dim": 12, "num_classes": 5}),
    ],
)
def test_models_of_timm_come_back(name, arguments, tmp_path, generator):
    model = timm.create_model(name, **arguments)
    images = torch.randn(3, 3, arguments["img_size"], arguments["img_size"], generator=generator)
    config = preprocessing(model)
    quantized = QuantizedViT(model, Recipe()).calibrate(images)
    checkpoint.save(
        tmp_path / "model", quantized, preprocessing=config, calibration={"images": []},
        model={"name": name, "arguments": arguments, "weights": {"source": "pretrained"}},
    )
    loaded, description = checkpoint.load(tmp_path / "model")
    assert loaded(images).equal(quantized(images))
    assert description["preprocessing"] == config


def test_the_bytes_depend_on_the_model_alone(tmp_path, quantize):
    first, second = (save(tmp_path / name, quantize()) for name in ("one", "two"))
    for file in (checkpoint.TENSORS, checkpoint.DESCRIPTION):
        assert (first / file).read_bytes() == (second / file).read_bytes()


def test_only_codes_and_scales_are_kept(saved):
    state = safetensors.torch.load_file(saved / checkpoint.TENSORS)
    assert state["blocks.0.mlp.fc1.weight_codes"].dtype == torch.uint8
    assert not any(key.endswith("fc1.weight") for key in state)


def test_another_folder_is_not_overwritten(tmp_path, quantize):
    folder = tmp_path / "thesis"
    folder.mkdir()
    (folder / "chapter.tex").write_text("years of work")
    with pytest.raises(ValueError) as error:
        save(folder, quantize())
    assert str(error.value) == f"{folder} is not empty and not a checkpoint: not overwriting it"
    assert [p.name for p in tmp_path.rglob("*")] == ["thesis", "chapter.tex"]
    with pytest.raises(ValueError) as error:
        save(folder / "chapter.tex", quantize())
    assert str(error.value) == f"{folder / 'chapter.tex'} is a file, not a folder for a checkpoint"


@pytest.mark.parametrize("text", ["{}", '{"schema": "other/1"}', "[]", "{"])
def test_a_model_json_of_others_is_not_overwritten(text, tmp_path, quantize):
    (tmp_path / "model.json").write_text(text)
    with pytest.raises(ValueError) as error:
        save(tmp_path, quantize())
    assert str(error.value) == f"{tmp_path} is not empty and not a checkpoint: not overwriting it"
    assert (tmp_path / "model.json").read_text() == text


def test_what_was_put_into_a_checkpoint_is_not_lost(saved, quantize):
    (saved / "vectors").mkdir()
    with pytest.raises(ValueError) as error:
        save(saved, quantize())
    assert str(error.value) == (
        f"{saved} holds 'vectors', which is no part of the checkpoint: not overwriting it"
    )
    assert (saved / "vectors").is_dir()


def test_a_checkpoint_is_replaced_whole_or_not_at_all(saved, quantize, monkeypatch):
    before = {p.name: p.read_bytes() for p in saved.iterdir()}

    def full(path, *_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        # The description, when the tensors are there already.
        patch.setattr(Path, "write_text", full)
        with pytest.raises(OSError, match="No space left"):
            save(saved, quantize(8, 8))
    assert {p.name: p.read_bytes() for p in saved.iterdir()} == before
    assert [p.name for p in saved.parent.iterdir()] == ["model"]
    save(saved, quantize(8, 8))
    assert checkpoint.load(saved)[0].recipe == Recipe(8, 8)
    assert sorted(p.name for p in saved.iterdir()) == ["model.json", "model.safetensors"]
