"""Detectors: what goes in and comes out, training, and no compiled operator on the way."""

import dataclasses

import pytest
import torch

from tests.python.detection.small_detectors import CONFIG, detector, images
from vit2rtl.detection.library import ops


@pytest.fixture(autouse=True)
def no_compiled_operators(monkeypatch):
    """Whether torchvision's are there must make no difference."""
    def refused(*args, **kwargs):
        raise AssertionError("torchvision's compiled operators must not be called")

    import torchvision

    for module in (torchvision.ops, torchvision.ops.boxes, torchvision.ops.poolers,
                   torchvision.models.detection.roi_heads):
        for name in ("nms", "batched_nms", "roi_align"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, refused)


@pytest.mark.parametrize("cascade", [False, True])
def test_what_is_found_is_in_pixels_of_the_image_given(cascade):
    model = detector(config=dataclasses.replace(CONFIG, cascade=cascade))
    with torch.inference_mode():
        small, large = model([*images(1, size=(56, 56)), *images(1, size=(112, 90))])
    for found, (height, width) in ((small, (56, 56)), (large, (112, 90))):
        count = len(found["labels"])
        assert 0 < count <= CONFIG.detections
        assert found["boxes"].shape == (count, 4)
        assert found["masks"].shape == (count, height, width)
        assert found["masks"].dtype == torch.bool
        assert (found["boxes"] >= 0).all() and (found["boxes"][:, 2] <= width + 1e-4).all()
        assert (found["boxes"][:, 3] <= height + 1e-4).all()
        assert found["boxes"].max() > 0.8 * height
        assert set(found["labels"].tolist()) <= {1, 2}
        scores = found["scores"].tolist()
        assert scores == sorted(scores, reverse=True) and scores[-1] > CONFIG.score


def test_images_of_a_batch_are_found_in_as_alone():
    model, batch = detector(), images(3)
    with torch.inference_mode():
        together = model(batch)
        for image, found in zip(batch, together, strict=True):
            alone, = model([image])
            torch.testing.assert_close(alone["boxes"], found["boxes"], atol=1e-4, rtol=0)
            assert alone["labels"].tolist() == found["labels"].tolist()


def test_nothing_found_is_no_error():
    model = detector(config=dataclasses.replace(CONFIG, score=0.99))
    with torch.inference_mode():
        found, = model(images(1))
    assert found["boxes"].shape == (0, 4) and found["masks"].shape == (0, 56, 56)


def targets(count):
    """A bright rectangle in each image: class 1 where it is flat, 2 where it is tall."""
    draw = torch.Generator().manual_seed(1)
    pictures, wanted = [], []
    for n in range(count):
        left, top = torch.randint(2, 20, (2,), generator=draw).tolist()
        width, height = ((30, 14), (14, 30))[n % 2]
        mask = torch.zeros(56, 56, dtype=torch.uint8)
        mask[top:top + height, left:left + width] = 1
        pictures.append(0.2 * torch.rand(3, 56, 56, generator=draw) + 0.7 * mask)
        wanted.append({"boxes": torch.tensor([[left, top, left + width, top + height]]).float(),
                       "labels": torch.tensor([1 + n % 2]), "masks": mask[None]})
    return pictures, wanted


def test_it_learns_boxes_classes_and_masks():
    model = detector(3).train()
    pictures, wanted = targets(8)
    optimizer = torch.optim.AdamW(model.parameters(), lr=4e-3)
    history = []
    for _ in range(50):
        losses = model(pictures, wanted)
        assert set(losses) == {"loss_classifier", "loss_box_reg", "loss_mask", "loss_objectness",
                               "loss_rpn_box_reg"}
        optimizer.zero_grad()
        sum(losses.values()).backward()
        optimizer.step()
        history.append({name: loss.item() for name, loss in losses.items()})
    for name in ("loss_classifier", "loss_mask", "loss_objectness"):
        assert history[-1][name] < 0.5 * history[0][name], name
    model.eval()
    with torch.inference_mode():
        found = model(pictures)
    # Which of the pictures it fails, if any, depends on the processor's sums.
    right = sum(bool(one["labels"][0] == want["labels"][0])
                for one, want in zip(found, wanted, strict=True))
    assert right >= 6
    boxes, masks = [], []
    for one, want in zip(found, wanted, strict=True):
        boxes.append(ops.box_iou(one["boxes"][:1], want["boxes"]).item())
        mask, due = one["masks"][0], want["masks"][0].bool()
        masks.append(((mask & due).sum() / (mask | due).sum()).item())
    assert sum(boxes) > 0.6 * len(boxes)
    assert sum(masks) > 0.6 * len(masks)


def test_an_image_without_objects_trains_too():
    model = detector().train()
    nothing = {"boxes": torch.zeros(0, 4), "labels": torch.zeros(0, dtype=torch.int64),
               "masks": torch.zeros(0, 56, 56, dtype=torch.uint8)}
    losses = model(images(1), [nothing])
    assert all(torch.isfinite(loss) for loss in losses.values())
    assert losses["loss_mask"] == 0
    sum(losses.values()).backward()


def test_cascade_is_not_trained():
    model = detector(config=dataclasses.replace(CONFIG, cascade=True)).train()
    pictures, wanted = targets(1)
    with pytest.raises(ValueError, match="not trained here: call its eval"):
        model(pictures, wanted)


def test_sizes_are_rounded_and_padded_as_in_mmdet():
    config = dataclasses.replace(CONFIG, resize=(50, 70), size_divisible=16)
    transform = detector(config=config).transform
    batch, _ = transform([torch.zeros(3, 333, 500), torch.zeros(3, 500, 333)])
    # min(50 / 333, 70 / 500) = 0.14: 46.62 and 70 pixels
    assert batch.image_sizes == [(47, 70), (70, 47)]
    assert batch.tensors.shape == (2, 3, 80, 80)
    batch, _ = transform([torch.zeros(3, 1, 900)])
    assert batch.image_sizes == [(1, 70)]
