"""The embedded detector and the script that trains it."""

import dataclasses

import pytest
import torch

from tools import train_detector
from vit2rtl.detection import folder
from vit2rtl.detection.config import SwinConfig

pytestmark = pytest.mark.usefixtures("single_thread")
SMALL = dataclasses.replace(
    train_detector.CONFIG, swin=SwinConfig(embed_dim=8, depths=(1, 1), heads=(1, 2)),
    fpn_channels=8, anchor_sizes=(32, 48, 64), resize=(84, 84), box_channels=8, mask_channels=8,
    mask_convs=1)


@pytest.fixture
def single_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def weights(**arguments):
    return train_detector.train(SMALL, batch=2, progress=False, **arguments).state_dict()


def test_training_depends_on_the_seed_alone():
    torch.manual_seed(3)
    first = weights(steps=2, seed=0)
    torch.manual_seed(4)
    again, other = weights(steps=2, seed=0), weights(steps=2, seed=1)
    assert all(torch.equal(first[name], tensor) for name, tensor in again.items())
    assert any(not torch.equal(first[name], tensor) for name, tensor in other.items())
    assert all(tensor.isfinite().all() for tensor in first.values())


def test_it_learns_from_digits_that_it_is_not_measured_on(monkeypatch):
    """Canvases of every step are new, of split train; those measured are of split held_out."""
    drawn = []
    real = train_detector.canvases
    monkeypatch.setattr(train_detector, "canvases", lambda split, count, **options: (
        drawn.append((split, count, options)) or real(split, count, **options)))
    batches = list(train_detector.batches(3, 2, seed=5))
    assert drawn == [("train", 2, {"seed": 5, "first": first}) for first in (0, 2, 4)]
    images, targets = batches[0]
    assert [image.shape for image in images] == [(3, 168, 168)] * 2
    for target in targets:
        assert target["masks"].shape == (len(target["labels"]), 168, 168)
        assert 1 <= target["labels"].min() and target["labels"].max() <= 10


def test_the_embedded_detector_is_what_the_script_trains():
    assert folder.config("digit_detector") == train_detector.CONFIG
    files = [*folder.place("digit_detector").iterdir()]
    assert {file.name for file in files} == {folder.DESCRIPTION, folder.TENSORS}
    assert sum(file.stat().st_size for file in files) <= 2e6


def test_the_embedded_detector_finds_digits():
    """Far above what 30 canvases say by chance; the figures of 200 are the benchmark's."""
    measured = train_detector.measure(folder.load("digit_detector"), 30, seed=3)
    assert measured.box["ap"] >= 65 and measured.mask["ap"] >= 50


def test_the_script_writes_a_folder_that_loads(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(train_detector, "CONFIG", SMALL)
    out = tmp_path / "detector"
    arguments = ["--out", str(out), "--steps", "1", "--batch", "1", "--measure", "1"]
    train_detector.main(arguments)
    said = capsys.readouterr().out
    assert said.startswith("box AP ") and "% on 1 canvases" in said and str(out) in said
    assert folder.load(out).config == SMALL
    (out / "mine.txt").write_text("")
    with pytest.raises(SystemExit) as stopped:
        train_detector.main(arguments)
    assert stopped.value.code == 2
    assert "holds 'mine.txt'" in capsys.readouterr().err
