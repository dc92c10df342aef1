"""vit2rtl convert-detector."""

import pytest
import torch

from tests.python.detection.mmdet_checkpoint import checkpoint
from vit2rtl.detection import folder


@pytest.fixture
def weights(tmp_path):
    torch.save({"state_dict": checkpoint(5)}, tmp_path / "mmdet.pth")
    return tmp_path / "mmdet.pth"


def test_a_checkpoint_becomes_a_folder(command, weights, tmp_path):
    place = tmp_path / "detector"
    code, out, err = command(
        "convert-detector", weights, "--classes", "cat, dog,emu", "--out", place)
    assert (code, err) == (0, "")
    assert out.startswith("Mask R-CNN, Swin of 8 channels and 2+2+2 blocks, 3 classes, ")
    assert folder.load(place).config.classes == ("cat", "dog", "emu")
    assert sorted(path.name for path in place.iterdir()) == [folder.DESCRIPTION, folder.TENSORS]


def test_nothing_is_written_where_the_file_is_wrong(command, weights, tmp_path):
    code, out, err = command("convert-detector", weights, "--out", tmp_path / "out")
    assert (code, out) == (2, "")
    assert err == (f"vit2rtl: Weights file {weights}: has 3 classes, not COCO's 80: "
                   "name them by --classes\n")
    assert not (tmp_path / "out").exists()
