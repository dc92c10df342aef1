from types import SimpleNamespace

import numpy as np
import pytest
import torch

from vit2rtl.golden import read_bundle
from vit2rtl.golden.arithmetic import log_sqrt2
from vit2rtl.golden.vectors import bundle_pieces
from vit2rtl.models import embedded
from vit2rtl.models.images import Images
from vit2rtl.models.zoo import timm
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT
from vit2rtl.recording import Recording, write_bundle

from . import oracle

DESCRIPTION = {
    "model": {"name": "mnist_vit", "arguments": {},
              "weights": {"source": "file", "file": "/private/w", "sha256": "00"}},
    "recipe": Recipe().as_dict(),
    "tensors": {"sha256": "ab"},
}


@pytest.fixture(scope="module")
def model(quantize):
    return quantize()


def recorded(quantized, images, folder):
    """A recording whose arrays are in memory; image by image, as it may be."""
    recording = Recording(quantized, folder)
    for n in range(len(images)):
        recording.run(images[n:n + 1])
    parts = ("accumulators", "outputs", "probabilities", "codes")
    arrays = {part: {name: np.asarray(array, np.int64)
                     for name, array in getattr(recording, part).items()} for part in parts}
    return SimpleNamespace(layers=recording.layers, **arrays)


@pytest.fixture(scope="module")
def recording(model, digits, tmp_path_factory):
    return recorded(model, digits[:3], tmp_path_factory.mktemp("spool"))


def inputs_of(quantized, images):
    """{layer: what came into it}, {attention: ...} by forward hooks, nothing of recording."""
    seen, handles = {}, []
    for name, module in quantized.layers():
        handles.append(module.register_forward_pre_hook(
            lambda m, x, n=name: seen.setdefault(n, []).append(x[0].clone())
        ))
    quantized(images)
    for handle in handles:
        handle.remove()
    return {name: torch.cat(parts) for name, parts in seen.items()}


def recomputed(layer, x):
    """(accumulators, codes) of a frozen linear layer in int64, by R2 and R1."""
    source = layer.input_quantizer
    codes = source.codes(x).long().flatten(0, -2).numpy()
    weights = layer.weight_codes.long() - layer.weight_quantizer.zero_point.long()[:, None]
    acc = (codes - int(source.zero_point)) @ weights.numpy().T + layer.integer.bias.numpy()
    multiplier, shift = layer.integer.multiplier.numpy(), layer.integer.shift.numpy()
    scaled = (acc * multiplier + (1 << (shift - 1))) >> shift
    top = layer.outputs[0].levels - 1
    return acc, (scaled + layer.integer.zero_point.numpy()).clip(0, top)


def test_accumulators_and_codes_are_what_the_layers_inputs_give(model, recording, digits):
    inputs = inputs_of(model, digits[:3])
    layers = {n: layer for n, layer in model.layers() if n.startswith("blocks.")}
    assert list(recording.layers) == list(layers) and len(layers) == 16
    for name, layer in layers.items():
        acc, codes = recomputed(layer, inputs[name])
        assert recording.accumulators[name].shape == (3, 50, len(layer.bias))
        assert np.array_equal(recording.accumulators[name].reshape(acc.shape), acc)
        assert np.array_equal(recording.outputs[name].reshape(codes.shape), codes)
        assert abs(acc).max() <= layer.integer.bound
    one = layers["blocks.2.mlp.fc2"]
    acc, shift = recording.accumulators["blocks.2.mlp.fc2"], one.integer.shift.tolist()
    for channel in range(0, 64, 9):
        want = oracle.requantize(
            int(acc[1, 7, channel]), int(one.integer.multiplier[channel]), shift[channel],
            int(one.integer.zero_point[channel]), 16,
        )
        assert recording.outputs["blocks.2.mlp.fc2"][1, 7, channel] == want


def test_probabilities_are_the_softmax_of_the_recorded_codes(model, recording):
    for name, attention in model.attentions():
        zero_points = attention.qkv.integer.zero_point.numpy()
        centered = torch.from_numpy(recording.outputs[f"{name}.qkv"] - zero_points).double()
        q, k, _ = centered.view(3, 50, 3, 4, 16).permute(2, 0, 3, 1, 4)
        scales = [float(quantizer.scale) for quantizer in attention.qkv.outputs]
        logits = q @ k.transpose(-2, -1) * scales[0] * scales[1] / 4
        fixed = (logits.softmax(-1) * 65536).numpy()
        assert recording.probabilities[name].shape == (3, 4, 50, 50)
        # Rounding to fixed point, and float32 before it.
        assert abs(recording.probabilities[name] - fixed.clip(0, 65535)).max() < 0.52
        a, b = log_sqrt2.thresholds(float(attention.softmax_quantizer.scale))
        assert np.array_equal(
            recording.codes[name],
            log_sqrt2.quantize(recording.probabilities[name], a, b, bits=4),
        )


def test_recording_leaves_the_model_as_it_was(model, digits, tmp_path):
    before = model(digits[:2])
    recording = Recording(model, tmp_path)
    recording.run(digits[:2])
    assert model(digits[:2]).equal(before)
    assert all(m.tap is None for _, m in model.layers() + model.attentions())
    with pytest.raises(ValueError, match="Images must have shape"):
        recording.run(torch.zeros(1, 1, 28, 30))
    assert all(m.tap is None for _, m in model.layers() + model.attentions())


@pytest.fixture(scope="module")
def bundle(model, digits, tmp_path_factory):
    out = tmp_path_factory.mktemp("vectors") / "bundle"
    images = Images(["one"], None, lambda n: digits[n])
    counts = write_bundle(out, model, DESCRIPTION, images, lanes=4)
    return read_bundle(out), counts


def test_the_bundle_holds_every_site_and_the_directed_records(bundle):
    bundle, (instances, records, beats) = bundle
    found = [(e.instance.unit.name, r) for e in bundle.entries for r in e.records]
    assert (instances, records) == (len(bundle.entries), len(found))
    assert beats == sum(record.beats for _, record in found)
    names = {unit: {r.name for u, r in found if u == unit and r.kind == "model"}
             for unit, _ in found}
    blocks = range(4)
    assert names == {
        "log_sqrt2_quantizer": {f"blocks.{n}.attn.softmax" for n in blocks},
        "log2_dequantizer": {f"blocks.{n}.attn.dequantize" for n in blocks},
        "requantizer": {
            f"blocks.{n}.{site}" for n in blocks for site in
            ("attn.qkv.q", "attn.qkv.k", "attn.qkv.v", "attn.proj", "mlp.fc1", "mlp.fc2")
        },
    }
    for entry in bundle.entries:
        assert any(record.kind == "directed" for record in entry.records)


def test_the_bundle_holds_the_models_values(bundle, recording, model):
    records = {r.name: r for e in bundle[0].entries for r in e.records}
    layers = dict(model.layers())
    for name in ("blocks.0.attn.proj", "blocks.3.mlp.fc1"):
        record, layer = records[name], layers[name]
        assert np.array_equal(record.inputs()["acc"], recording.accumulators[name][0].ravel())
        assert np.array_equal(record.outputs()["code"], recording.outputs[name][0].ravel())
        shift = record.inputs()["shift"] + record.configuration["shift_base"]
        assert np.array_equal(shift, np.tile(layer.integer.shift.numpy(), 50))
        assert record.configuration["zero_point"] == 32768
    name = "blocks.1.attn.qkv"
    for n, part in enumerate("qkv"):
        record = records[f"{name}.{part}"]
        at = slice(64 * n, 64 * n + 64)
        assert np.array_equal(record.outputs()["code"], recording.outputs[name][0, :, at].ravel())
        assert record.configuration["zero_point"] == int(layers[name].outputs[n].zero_point)
        assert record.outputs()["code"].max() <= 15 and record.layer == name
    record = records["blocks.2.attn.softmax"]
    assert np.array_equal(record.outputs()["code"], recording.codes["blocks.2.attn"][0].ravel())
    values = records["blocks.2.attn.dequantize"].outputs()["value"]
    codes = recording.codes["blocks.2.attn"][0].ravel()
    exact = np.where(codes == 15, 0, np.array([oracle.shifted_value(k, 32768) for k in codes]))
    assert (values <= exact + 1e-6).all() and (exact - values < 1).all()


def test_the_bundle_tells_where_it_comes_from_but_no_place_on_the_disk(bundle):
    text = (bundle[0].path / "manifest.json").read_text()
    assert "/private" not in text and str(bundle[0].path) not in text
    assert '"one"' in text and '"ab"' in text


@pytest.mark.parametrize(
    ("recipe", "said"),
    [
        (Recipe(profile="official"), "profile official, layernorm reparam, softmax log-sqrt2"),
        (Recipe(profile="paper"), "profile paper, layernorm reparam, softmax log-sqrt2"),
        (Recipe(layernorm="channel-wise"),
         "profile hardware, layernorm channel-wise, softmax log-sqrt2"),
        (Recipe(softmax="log2"), "profile hardware, layernorm reparam, softmax log2"),
        (Recipe(softmax="uniform"), "profile hardware, layernorm reparam, softmax uniform"),
    ],
    ids=lambda r: str(r),
)
def test_a_model_without_integers_is_refused(recipe, said, quantize, tmp_path):
    with pytest.raises(ValueError) as error:
        Recording(quantize(**recipe.as_dict()), tmp_path)
    assert str(error.value) == (
        "Vectors need integer arithmetic: profile hardware, layernorm reparam or layer-wise, "
        f"softmax log-sqrt2; this checkpoint has {said}"
    )


def test_pieces_make_the_bytes_of_the_whole(model, digits, tmp_path, monkeypatch):
    images = Images(["a", "b", "c"], None, lambda n: digits[n])
    for name, piece in (("whole", 1 << 30), ("pieces", 1000)):
        monkeypatch.setattr(bundle_pieces, "_PIECE", piece)
        write_bundle(tmp_path / name, model, DESCRIPTION, images, lanes=7)
    whole, pieces = ({path.relative_to(folder).as_posix(): path.read_bytes()
                      for path in folder.rglob("*") if path.is_file()}
                     for folder in (tmp_path / "whole", tmp_path / "pieces"))
    assert whole == pieces
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pieces", "whole"]
    read_bundle(tmp_path / "pieces")


@pytest.mark.parametrize("bits", [(8, 8), (2, 3)])
def test_other_widths_are_recorded(bits, quantize, digits, tmp_path):
    images = Images(["one"], None, lambda n: digits[n])
    write_bundle(tmp_path / "b", quantize(*bits), DESCRIPTION, images, lanes=7)
    entries = read_bundle(tmp_path / "b").entries
    parameters = [(e.instance.unit.name, e.instance.parameters["bits"]) for e in entries]
    assert sorted(parameters) == sorted([
        ("log_sqrt2_quantizer", bits[1]), ("log2_dequantizer", bits[1]),
        ("requantizer", 16), ("requantizer", bits[1]),
    ])
    assert {e.instance.lanes for e in entries} == {7}


@pytest.mark.parametrize("sign", [1, -1])
def test_values_of_one_sign_widen_the_zero_point(sign, digits, tmp_path):
    network = embedded.create()
    with torch.no_grad():
        network.blocks[1].attn.qkv.bias[128:] += sign * 50
    quantized = QuantizedViT(network, Recipe(method="repq")).calibrate(digits)
    images = Images(["one"], None, lambda n: digits[n])
    write_bundle(tmp_path / "b", quantized, DESCRIPTION, images, lanes=4)
    entries = read_bundle(tmp_path / "b").entries
    records = {r.name: (e, r) for e in entries for r in e.records}
    entry, record = records["blocks.1.attn.qkv.v"]
    zero_point = record.configuration["zero_point"]
    assert zero_point < -16 if sign > 0 else zero_point > 15
    assert 1 << (entry.instance.parameters["zero_point_width"] - 1) > abs(zero_point)
    assert len(set(record.outputs()["code"].tolist())) > 8
    assert records["blocks.1.mlp.fc1"][0].instance.parameters["zero_point_width"] == 0


def test_swin_is_recorded_merging_and_all(generator, tmp_path):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        network = timm.create_model(
            "swin_tiny_patch4_window7_224", img_size=56, depths=(2, 1), embed_dim=12,
            num_classes=5,
        )
    x = torch.randn(2, 3, 56, 56, generator=generator)
    quantized = QuantizedViT(network, Recipe()).calibrate(x)
    (tmp_path / "spool").mkdir()
    recording = recorded(quantized, x, tmp_path / "spool")
    inputs = inputs_of(quantized, x)
    for name, layer in recording.layers.items():
        acc, codes = recomputed(layer, inputs[name])
        assert np.array_equal(recording.accumulators[name].reshape(acc.shape), acc)
        assert np.array_equal(recording.outputs[name].reshape(codes.shape), codes)
    assert recording.probabilities["layers.0.blocks.1.attn"].shape == (2 * 4, 3, 49, 49)
    images = Images(["one"], None, lambda n: x[n])
    write_bundle(tmp_path / "b", quantized, DESCRIPTION, images, lanes=4)
    names = {r.name for e in read_bundle(tmp_path / "b").entries for r in e.records}
    assert "layers.1.downsample.reduction" in names and "layers.0.blocks.1.attn.softmax" in names
    assert not any(name.startswith(("patch_embed", "head")) for name in names)
