import hashlib
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

MNIST = {"name": "mnist_vit", "arguments": {}, "weights": {"source": "embedded"}}
CONFIG = {"input_size": [1, 28, 28]}


def save(folder, quantized, model=MNIST):
    checkpoint.save(
        folder, quantized, model=model, preprocessing=CONFIG, calibration={"images": ["a"]}
    )
    return folder


@pytest.fixture
def saved(tmp_path, quantize):
    return save(tmp_path / "model", quantize())


def edit(folder, change, *, file=checkpoint.DESCRIPTION):
    """Change the description by a function; with another file, its tensors, hash kept right."""
    path = folder / checkpoint.DESCRIPTION
    description = json.loads(path.read_text())
    if file == checkpoint.DESCRIPTION:
        change(description)
    else:
        tensors = folder / checkpoint.TENSORS
        with safetensors.safe_open(tensors, "pt") as opened:
            metadata = opened.metadata()
        state = safetensors.torch.load_file(tensors)
        change(state)
        safetensors.torch.save_file(state, tensors, metadata)
        description["tensors"]["sha256"] = hashlib.sha256(tensors.read_bytes()).hexdigest()
    path.write_text(json.dumps(description))


def refused(folder):
    with pytest.raises(ValueError) as error:
        checkpoint.load(folder)
    assert len(str(error.value).splitlines()) == 1
    return str(error.value)


RECIPES = [
    Recipe(), Recipe(4, 4, "official"), Recipe(4, 4, "paper"),
    Recipe(4, 4, layernorm="channel-wise"), Recipe(4, 4, layernorm="layer-wise"),
    Recipe(3, 8, softmax="log2"), Recipe(8, 3, softmax="uniform"), Recipe(2, 2, first_last_bits=8),
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
        tmp_path / "model", quantized, preprocessing=config, calibration={},
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


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: d.update(schema="vit2rtl.checkpoint/2"),
         " has schema 'vit2rtl.checkpoint/2'; this version reads 'vit2rtl.checkpoint/1'"),
        (lambda d: d.pop("schema"), " lacks 'schema'"),
        (lambda d: d.pop("recipe"), " lacks 'recipe'"),
        (lambda d: d.update(model="mnist_vit"), " lacks 'model'"),
        (lambda d: d["model"].pop("name"), " lacks 'model.name'"),
        (lambda d: d["model"].update(arguments=[1]), " lacks 'model.arguments'"),
        (lambda d: d["model"].pop("weights"), " lacks 'model.weights'"),
        (lambda d: d.update(preprocessing=None), " lacks 'preprocessing'"),
        (lambda d: d.update(tensors=[]), " lacks 'tensors'"),
        (lambda d: d["recipe"].update(weight_bits=9),
         " is damaged (Weight bits must be an integer between 2 and 8, not 9)"),
        (lambda d: d["recipe"].update(weight_bits="4"),
         " is damaged (Weight bits must be an integer between 2 and 8, not '4')"),
        (lambda d: d["recipe"].update(magic=1),
         " is damaged (Recipe.__init__() got an unexpected keyword argument 'magic')"),
    ],
)
def test_a_damaged_description_is_refused(change, said, saved):
    edit(saved, change)
    assert refused(saved) == f"{saved / checkpoint.DESCRIPTION}{said}"


@pytest.mark.parametrize(("text", "message"), [
    ("", "is not JSON: "), ("{", "is not JSON: "), ("\x00", "is not JSON: "),
    ("{'a': 1}", "is not JSON: "), ("[]", "must be a JSON object, not list"),
    ("null", "must be a JSON object, not NoneType"),
])
def test_garbage_for_a_description_is_refused(text, message, saved):
    path = saved / checkpoint.DESCRIPTION
    path.write_text(text)
    assert refused(saved).startswith(f"{path} {message}")


def test_a_description_that_is_not_text_is_refused(saved):
    (saved / checkpoint.DESCRIPTION).write_bytes(b"\xff\xfe\x00{")
    assert refused(saved) == f"{saved / checkpoint.DESCRIPTION} is not UTF-8 text"


@pytest.mark.parametrize(
    "change",
    [{"weight_bits": 8}, {"activation_bits": 8}, {"profile": "official"}, {"profile": "paper"},
     {"layernorm": "layer-wise"}, {"softmax": "log2"}, {"first_last_bits": 8}],
    ids=str,
)
def test_another_recipe_than_the_tensors_were_made_with_is_refused(change, saved):
    edit(saved, lambda d: d["recipe"].update(change))
    assert refused(saved) == (
        f"{saved / checkpoint.TENSORS} was made with another recipe than model.json states"
    )


def test_a_model_that_timm_does_not_have_is_refused(saved):
    edit(saved, lambda d: d["model"].update(name="vit_enormous"))
    assert refused(saved).startswith("timm has no model 'vit_enormous'")


def test_another_model_than_the_tensors_are_of_is_refused(saved):
    edit(saved, lambda d: d["model"].update(name="vit_tiny_patch16_224", arguments={"depth": 5}))
    assert refused(saved) == (
        f"{saved / checkpoint.TENSORS} lacks 'blocks.4.attn.proj.bias'"
    )
    edit(saved, lambda d: d["model"].update(arguments={"depth": 4}))
    assert refused(saved).startswith(f"{saved / checkpoint.TENSORS}: ")
    assert refused(saved).endswith(" has shape (64,), the model wants (192,)")
    edit(saved, lambda d: d["model"].update(arguments={"dept": 4}))
    assert refused(saved) == (
        "vit_tiny_patch16_224 has no argument 'dept'; did you mean depth?"
    )


def test_other_bytes_are_refused(saved):
    path = saved / checkpoint.TENSORS
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    want = f"{path} is not the file that model.json was written with (SHA-256)"
    assert refused(saved) == want
    path.write_bytes(data[:100])
    assert refused(saved) == want
    edit_hash = hashlib.sha256(data[:100]).hexdigest()
    edit(saved, lambda d: d["tensors"].update(sha256=edit_hash))
    assert refused(saved).startswith(f"{path} is not a safetensors file (")


FC1 = "blocks.0.mlp.fc1"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda s: s.pop(f"{FC1}.bias"), f" lacks '{FC1}.bias'"),
        (lambda s: s.update(more=torch.zeros(1)), " has an unexpected 'more'"),
        (lambda s: s.update({"pos_embed": torch.zeros(1, 3, 64)}),
         ": pos_embed has shape (1, 3, 64), the model wants (1, 50, 64)"),
        (lambda s: s.update({f"{FC1}.weight_codes": s[f"{FC1}.weight_codes"] + 16}),
         f": {FC1}.weight_codes must be codes of 0 to 15"),
        (lambda s: s.update({f"{FC1}.weight_codes": s[f"{FC1}.weight_codes"].float()}),
         f": {FC1}.weight_codes must be codes of 0 to 15"),
        (lambda s: s.update({f"{FC1}.weight_codes": torch.zeros(4, dtype=torch.uint8)}),
         f": {FC1}.weight_codes has shape (4,), the model wants (256, 64)"),
        (lambda s: s.update({f"{FC1}.weight_codes": s[f"{FC1}.weight_codes"][:, 1:].clone()}),
         f": {FC1}.weight_codes has shape (256, 63), the model wants (256, 64)"),
        (lambda s: s.update({f"{FC1}.bias": torch.zeros(255)}),
         f": {FC1}.bias has shape (255,), the model wants (256,)"),
        (lambda s: s.update({f"{FC1}.input_quantizer.scale": torch.zeros(())}),
         f": {FC1} has a quantizer with a scale that is not positive"),
        (lambda s: s.update({f"{FC1}.input_quantizer.scale": torch.tensor(float("nan"))}),
         f": {FC1} has a quantizer with a scale that is not positive"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(change, said, saved):
    edit(saved, change, file=checkpoint.TENSORS)
    assert refused(saved) == f"{saved / checkpoint.TENSORS}{said}"


def test_missing_parts_are_refused(saved, tmp_path):
    assert refused(tmp_path) == f"{tmp_path} is not a checkpoint: it has no model.json"
    (saved / checkpoint.TENSORS).unlink()
    assert refused(saved) == f"Checkpoint {saved} lacks model.safetensors"


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
