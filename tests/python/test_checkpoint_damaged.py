"""A checkpoint with nonsense in it is refused when it is loaded, hashes right or not."""

import hashlib

import pytest
import safetensors.torch
import torch

from vit2rtl import checkpoint

from .saving import CONFIG, MNIST, edit, refused, save

MEAN = "mean must be 1 number between -256 and 256, one a channel"
STD = "std must be 1 number between 0.001 and 256, one a channel"


@pytest.fixture
def saved(tmp_path, quantize):
    return save(tmp_path / "model", quantize(method="repq"))


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
        (lambda d: d.update(preprocessing={}),
         ": Input size must be 1 or 3 channels, a height and a width, not None"),
        *((lambda d, key=key, value=value: d["preprocessing"].update({key: value}), f": {said}")
          for key, value, said in (
              ("interpolation", "foo", "Interpolation must be one of nearest, bilinear, bicubic, "
                                       "box, hamming, lanczos, not 'foo'"),
              ("crop_pct", 0, "crop_pct must be between 0.1 and 1, not 0"),
              ("crop_pct", 1e-9, "crop_pct must be between 0.1 and 1, not 1e-09"),
              ("crop_pct", True, "crop_pct must be between 0.1 and 1, not True"),
              ("crop_mode", "top", "crop_mode must be one of center, squash, border, not 'top'"),
              ("mean", [0.5, 0.5], f"{MEAN}, not [0.5, 0.5]"), ("mean", 0.5, f"{MEAN}, not 0.5"),
              ("mean", [10**400], f"{MEAN}, not [{10**400}]"),
              ("mean", [1e308], f"{MEAN}, not [1e+308]"), ("std", [0.0], f"{STD}, not [0.0]"),
              ("std", [1e-320], f"{STD}, not [1e-320]"), ("std", [-0.5], f"{STD}, not [-0.5]"),
              ("std", None, f"{STD}, not None"),
              ("fill", 0, "Preprocessing has no 'fill', only input_size, interpolation, mean, std, "
                          "crop_pct, crop_mode"),
              ("input_size", [1, 28], "Input size must be 1 or 3 channels, a height and a width, "
                                      "not [1, 28]"),
              ("input_size", [1, 28, 32], "input_size must be [1, 28, 28], as the model takes it, "
                                          "not [1, 28, 32]"))),
        (lambda d: d["preprocessing"].update(std=[float("nan")]),
         " is not JSON: NaN is no number of JSON"),
        (lambda d: d.update(calibration=[]), ": 'calibration' must be an object, not []"),
        (lambda d: d.pop("calibration"), ": 'calibration' must be an object, not None"),
        (lambda d: d.update(calibration={}),
         ": 'calibration.images' must be a list of names, not None"),
        (lambda d: d.update(calibration={"images": [1]}),
         ": 'calibration.images' must be a list of names, not [1]"),
        (lambda d: d["calibration"].update(seed=-1),
         ": 'calibration.seed' must be an integer of at least 0, not -1"),
        (lambda d: d["model"]["weights"].update(file=3),
         ": 'model.weights.file' must be text, not 3"),
        (lambda d: d["recipe"].update(weight_bits=9),
         ": recipe: Weight bits must be an integer between 2 and 8, not 9"),
        (lambda d: d["recipe"].update(weight_bits="4"),
         ": recipe: Weight bits must be an integer between 2 and 8, not '4'"),
        (lambda d: d["recipe"].update(method=[]),
         ": recipe: Method must be one of repq, closed-form, fq, ptq4vit, apq, psaq, "
         "ranking, not '[]'"),
        (lambda d: d["recipe"].update(magic=1),
         ": recipe: Method repq has no option 'magic', only weight_bits, activation_bits, "
         "bits_of, profile, layernorm, softmax, symmetric_weights"),
        (lambda d: d["recipe"].update(bits_of=["head.*"]),
         ": recipe: Bits of quantities must look like blocks.0.*=w5a5 or *.fc2.input=5, "
         "not 'head.*'"),
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
     {"layernorm": "layer-wise"}, {"softmax": "log2"}, {"bits_of": ["head.*=8"]}],
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
         f": {FC1}.weight_codes must be uint8, not float32"),
        (lambda s: s.update({f"{FC1}.weight_codes": torch.zeros(4, dtype=torch.uint8)}),
         f": {FC1}.weight_codes has shape (4,), the model wants (256, 64)"),
        (lambda s: s.update({f"{FC1}.weight_codes": s[f"{FC1}.weight_codes"][:, 1:].clone()}),
         f": {FC1}.weight_codes has shape (256, 63), the model wants (256, 64)"),
        (lambda s: s.update({f"{FC1}.bias": torch.zeros(255)}),
         f": {FC1}.bias has shape (255,), the model wants (256,)"),
        (lambda s: s.update({f"{FC1}.input_quantizer.scale": torch.zeros(())}),
         f": {FC1}.input_quantizer.scale must be positive"),
        (lambda s: s.update({f"{FC1}.input_quantizer.scale": torch.tensor(float("nan"))}),
         f": {FC1}.input_quantizer.scale holds NaN or infinity"),
        (lambda s: s.update({f"{FC1}.input_quantizer.scale": torch.ones((), dtype=torch.int32)}),
         f": {FC1}.input_quantizer.scale must be float32, not int32"),
        (lambda s: s.update({f"{FC1}.input_quantizer.scale": torch.ones((), dtype=torch.float16)}),
         f": {FC1}.input_quantizer.scale must be float32, not float16"),
        (lambda s: s.update({f"{FC1}.input_quantizer.scale": torch.ones(64)}),
         f": {FC1}.input_quantizer.scale has shape (64,), the model wants ()"),
        (lambda s: s.update({f"{FC1}.weight_quantizer.scale": torch.ones(())}),
         f": {FC1}.weight_quantizer.scale has shape (), the model wants (256,)"),
        (lambda s: s.update({f"{FC1}.outputs.0.zero_point": torch.tensor(0.5)}),
         f": {FC1}.outputs.0.zero_point must be an integer"),
        (lambda s: s.update({f"{FC1}.outputs.0.zero_point": torch.tensor(float("inf"))}),
         f": {FC1}.outputs.0.zero_point holds NaN or infinity"),
        (lambda s: s.update({f"{FC1}.outputs.0.zero_point": torch.tensor(1e30)}),
         f": {FC1}.outputs.0.zero_point must be below 2**24"),
        (lambda s: s[f"{FC1}.input_quantizer.zero_point"].fill_(16),
         f": {FC1}.input_quantizer.zero_point must be a code, 0 to 15"),
        (lambda s: s[f"{FC1}.input_quantizer.zero_point"].fill_(-1),
         f": {FC1}.input_quantizer.zero_point must be a code, 0 to 15"),
        (lambda s: s.update({f"{FC1}.outputs.0.zero_point": torch.zeros(2)}),
         f": {FC1}.outputs.0.zero_point has shape (2,), its scale ()"),
        (lambda s: s["norm.weight"].__setitem__(3, float("nan")),
         ": norm.weight holds NaN or infinity"),
        (lambda s: s["blocks.1.norm1.bias"].__setitem__(0, float("inf")),
         ": blocks.1.norm1.bias holds NaN or infinity"),
        (lambda s: s["blocks.0.attn.softmax_quantizer.scale"].fill_(-1),
         ": blocks.0.attn.softmax_quantizer.scale must be positive"),
        (lambda s: s.update({"blocks.0.attn.softmax_quantizer.scale": torch.ones(4)}),
         ": blocks.0.attn.softmax_quantizer.scale must be one number"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(change, said, saved):
    edit(saved, change, file=checkpoint.TENSORS)
    assert refused(saved) == f"{saved / checkpoint.TENSORS}{said}"


def test_symmetric_weights_have_their_zero_points_in_the_middle(tmp_path, quantize):
    folder = save(tmp_path / "model", quantize(4, 4, symmetric_weights=True))
    edit(folder, lambda s: s[f"{FC1}.weight_quantizer.zero_point"].__setitem__(3, 7),
         file=checkpoint.TENSORS)
    assert refused(folder) == (
        f"{folder / checkpoint.TENSORS}: {FC1}.weight_quantizer.zero_point must be 8")


def test_a_record_of_calibration_that_could_not_be_read_is_not_saved(tmp_path, quantize):
    with pytest.raises(ValueError, match=r"^'calibration\.images' must be a list of names"):
        checkpoint.save(tmp_path / "model", quantize(), model=MNIST, preprocessing=CONFIG,
                        calibration={})
    assert not (tmp_path / "model").exists()


def test_the_float_mean_of_profile_official_is_no_integer(tmp_path, quantize):
    folder = save(tmp_path / "model", quantize(4, 4, "official"))
    state = safetensors.torch.load_file(folder / checkpoint.TENSORS)
    zero_point = state[f"{FC1}.input_quantizer.zero_point"]
    assert zero_point != zero_point.round()
    checkpoint.load(folder)


@pytest.mark.parametrize("text", ["[" * 100_000, "[]", "1", "{"])
def test_a_recipe_in_the_tensors_that_is_none(text, saved):
    path = saved / checkpoint.TENSORS
    safetensors.torch.save_file(safetensors.torch.load_file(path), path, {"recipe": text})
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    edit(saved, lambda d: d["tensors"].update(sha256=digest))
    assert refused(saved) == f"{path} was made with another recipe than model.json states"


def test_missing_parts_are_refused(saved, tmp_path):
    assert refused(tmp_path) == f"{tmp_path} is not a checkpoint: it has no model.json"
    (saved / checkpoint.TENSORS).unlink()
    assert refused(saved) == f"Checkpoint {saved} lacks model.safetensors"
