"""Detectors side by side: figures by title, and pictures of what is found with certainty."""

import numpy as np
import pytest
import torch
from PIL import Image

from vit2rtl import detector_evaluation
from vit2rtl.detection import canvas_folder, canvases, coco


class Answers(torch.nn.Module):
    """Gives what is prepared, image by image."""

    def __init__(self, answers):
        super().__init__()
        self.answers = iter(answers)

    def forward(self, images):
        return [next(self.answers) for _ in images]


@pytest.fixture
def folder(tmp_path):
    canvas_folder.write(tmp_path / "canvases", 3, seed=5)
    return coco.open_coco(tmp_path / "canvases")


@pytest.fixture
def measured(folder):
    """Of one that finds all digits, and of one that finds them with little confidence."""
    def answers(score):
        for canvas in canvases.canvases("held_out", 3, seed=5):
            yield {"boxes": torch.from_numpy(canvas.boxes),
                   "labels": torch.from_numpy(canvas.labels),
                   "scores": torch.full((len(canvas.labels),), score),
                   "masks": torch.from_numpy(canvas.masks)}

    detectors = {"sure": Answers(answers(0.9)), "unsure": Answers(answers(0.4))}
    return detector_evaluation.measure(detectors, folder, canvases.CATEGORY_IDS)


def test_figures_by_title_as_a_table(measured):
    rows = {title: one.scores for title, one in measured.items()}
    assert rows["sure"] == rows["unsure"] and rows["sure"].box["ap"] == pytest.approx(100)
    lines = detector_evaluation.table(rows).splitlines()
    assert lines[0].split() == ["sure", "unsure"]
    assert lines[1].split() == ["box", "AP", "100.0", "100.0"]
    assert not [line for line in lines if "large" in line]


def test_only_what_is_sure_is_drawn(measured, folder, tmp_path):
    files = detector_evaluation.write_pictures(
        tmp_path / "out", measured, folder, canvases.CLASSES, count=2)
    assert [file.name for file in files] == ["000000000001.png", "000000000002.png"]
    assert sorted((tmp_path / "out").iterdir()) == files
    picture = np.asarray(Image.open(files[0]))
    side = 2 * canvases.SIZE
    plain = folder.pixels(0).repeat(2, axis=0).repeat(2, axis=1)
    assert np.array_equal(picture[-side:, -side:], plain)
    assert not np.array_equal(picture[-side:, :side], plain)
