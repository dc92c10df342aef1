import hashlib
import json
from itertools import pairwise

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from tools import train_mnist_vit as train
from vit2rtl.golden.files.documents import sha256
from vit2rtl.models import digits, embedded
from vit2rtl.models.embedded import model as embedded_model


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """As when the model was trained; and the tests of other files run beside this one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def held_out():
    return embedded.images("held_out")


def test_the_shipped_weights_reach_97_percent_on_images_never_trained_on(held_out):
    assert train.accuracy(embedded.create(), *held_out) >= 0.97


def test_the_record_beside_the_weights_says_what_is_measured(held_out):
    record = json.loads(embedded_model.WEIGHTS.with_suffix(".json").read_text())
    measured = train.accuracy(embedded.create(), *held_out)
    # Another CPU sums in another order: one image of the thousand may tip over.
    assert record["held_out_accuracy"] == pytest.approx(measured, abs=0.001)
    assert record["images"] == 4000 and record["held_out_images"] == 1000
    assert record["split_seed"] == digits.SPLIT_SEED
    assert set(record["versions"]) == {"torch", "timm"}
    assert record["digits"] == sha256(digits.FILE)


def test_the_shipped_weights_are_small_and_hold_nothing_but_finite_float32():
    assert embedded_model.WEIGHTS.stat().st_size < 1_000_000
    for tensor in load_file(embedded_model.WEIGHTS).values():
        assert tensor.dtype == torch.float32 and tensor.isfinite().all()


def test_the_model_is_a_timm_vision_transformer_of_the_stated_shape():
    import timm

    model = embedded.create()
    assert isinstance(model, timm.models.vision_transformer.VisionTransformer)
    assert not model.training
    assert model.pos_embed.shape == (1, 50, 64)
    assert [block.attn.num_heads for block in model.blocks] == [4, 4, 4, 4]
    assert model.blocks[0].mlp.fc1.out_features == 256
    assert model.blocks[0].norm1.eps == 1e-6
    assert model(torch.zeros(2, 1, 28, 28)).shape == (2, 10)


def test_timm_reads_the_preprocessing_that_images_applies():
    import timm

    config = timm.data.resolve_data_config({}, model=embedded.create())
    assert config["input_size"] == (1, 28, 28)
    assert (config["mean"], config["std"]) == ((embedded_model.MEAN,), (embedded_model.STD,))
    black = embedded_model.preprocess(torch.zeros(1, 28, 28, dtype=torch.uint8))
    white = embedded_model.preprocess(torch.full((1, 28, 28), 255, dtype=torch.uint8))
    assert black.shape == (1, 1, 28, 28)
    assert black[0, 0, 0, 0].item() == pytest.approx(-embedded_model.MEAN / embedded_model.STD)
    assert white[0, 0, 0, 0].item() == pytest.approx((1 - 0.1307) / 0.3081)


def test_the_splits_are_disjoint_stratified_and_shuffled(held_out):
    train_images, train_labels = embedded.images("train")
    images, labels = held_out
    assert train_images.shape == (4000, 1, 28, 28) and images.shape == (1000, 1, 28, 28)
    assert train_images.dtype == images.dtype == torch.float32
    assert train_labels.dtype == labels.dtype == torch.int64
    assert train_labels.bincount().tolist() == [400] * 10
    assert labels.bincount().tolist() == [100] * 10
    assert set(labels[:40].tolist()) == set(range(10))


def test_the_split_takes_every_image_once_and_never_changes():
    labels = np.repeat(np.arange(10), 500)
    parts = [digits.split_indices(labels, split) for split in digits.SPLITS]
    assert sorted(np.concatenate(parts)) == list(range(5000))
    digest = hashlib.sha256(parts[1].astype("<i8").tobytes()).hexdigest()
    assert digest[:16] == "e3174b6063197947"


def test_callers_may_change_the_images_they_get(held_out):
    images, _ = embedded.images("held_out")
    images.zero_()
    assert embedded.images("held_out")[0].equal(held_out[0])


def test_an_unknown_split_is_refused():
    with pytest.raises(ValueError) as error:
        embedded.images("test")
    assert str(error.value) == "Split must be one of train, held_out, not 'test'"


def test_augmented_images_keep_their_background_and_differ_by_seed():
    images = embedded.images("train")[0][:8]
    first, again, other = (
        train.augment(images, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert first.equal(again) and not first.equal(other)
    assert first.shape == images.shape
    assert first.min() >= images.min() - 1e-5 and first.max() <= images.max() + 1e-5
    assert not first.equal(images)


def test_the_learning_rate_warms_up_then_falls_to_zero():
    factors = [train.learning_rate_factor(step, 100) for step in range(101)]
    assert factors[0] == pytest.approx(0.1)
    assert max(factors) == factors[10] == 1
    assert factors[100] == pytest.approx(0)
    assert all(a > b for a, b in pairwise(factors[10:]))


def test_training_learns_and_depends_on_nothing_but_its_arguments():
    images, labels = (part[:40] for part in embedded.images("train"))
    options = {"epochs": 2, "batch": 20, "seed": 3, "progress": False}
    first = train.train(images, labels, **options).state_dict()
    torch.rand(7)
    again = train.train(images, labels, **options).state_dict()
    other = train.train(images, labels, **options | {"seed": 4}).state_dict()
    assert all(first[name].equal(again[name]) for name in first)
    assert not first["head.weight"].equal(other["head.weight"])


def test_the_script_writes_weights_that_load_and_a_record(tmp_path, capsys):
    out = tmp_path / "model.safetensors"
    train.main(["--out", str(out), "--epochs", "1", "--batch", "20", "--subset", "40"])
    embedded_model.architecture().load_state_dict(load_file(out))
    record = json.loads(out.with_suffix(".json").read_text())
    assert (record["epochs"], record["batch"], record["images"]) == (1, 20, 40)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", out.name]
    assert f"{record['held_out_accuracy']:.2%} on 1000 held-out images" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Missing option '--out'."),
        (["--out", "model.pt"], "Output must end in .safetensors, not 'model.pt'"),
        (["--out", "absent/m.safetensors"], "Folder does not exist: absent"),
        (
            ["--out", "m.safetensors", "--epochs", "0"],
            "Invalid value for '--epochs': 0 is not in the range 1<=x<=1000.",
        ),
        (
            ["--out", "m.safetensors", "--batch", "many"],
            "Invalid value for '--batch': 'many' is not a valid integer range.",
        ),
        (
            ["--out", "m.safetensors", "--subset", "4001"],
            "Invalid value for '--subset': 4001 is not in the range 10<=x<=4000.",
        ),
    ],
)
def test_nonsense_is_refused_in_one_line(arguments, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as exit:
        train.main(arguments)
    assert exit.value.code == 2
    assert capsys.readouterr().err == f"train: {message}\n"
    assert not list(tmp_path.iterdir())
