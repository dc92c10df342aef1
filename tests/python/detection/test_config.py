"""Configurations through JSON, and what is refused."""

import json

import pytest

from tests.python.detection.small_detectors import CONFIG
from vit2rtl.detection.config import DetectorConfig


def test_json_and_back():
    values = json.loads(json.dumps(CONFIG.as_dict()))
    assert DetectorConfig.of_dict(values) == CONFIG
    assert CONFIG.strides == (4, 8, 16) and CONFIG.swin.channels == (8, 16)


def test_defaults_are_those_of_coco():
    config = DetectorConfig.of_dict({"classes": ["person"], "category_ids": [1]})
    assert config.swin.depths == (2, 2, 6, 2) and config.strides == (4, 8, 16, 32, 64)
    assert config.mean == pytest.approx((0.485, 0.456, 0.406), abs=1e-3)


@pytest.mark.parametrize("change, error", [
    ({"colour": 1}, "colour is not known"),
    ({"swin": {"depth": 1}}, "swin.depth is not known"),
    ({"swin": [1]}, "swin must be an object, not [1]"),
    ({"classes": "one"}, "classes must be a list, not 'one'"),
    ({"classes": ["one", 2]}, "classes[1] must be text, not 2"),
    ({"category_ids": [3, 3]}, "category_ids must differ from each other"),
    ({"category_ids": [3]}, "category_ids must have 2 numbers (a class), not 1"),
    ({"anchor_sizes": [16, 32]}, "anchor_sizes must have 3 numbers (a stage and one more), not 2"),
    ({"resize": [800, 1333, 3]},
     "resize must have 2 numbers (the shorter side, the longer one), not 3"),
    ({"cascade": 1}, "cascade must be true or false, not 1"),
    ({"detections": 0}, "detections must be an integer above 0, not 0"),
    ({"detections": True}, "detections must be an integer above 0, not True"),
    ({"score": -0.5}, "score must be a number from 0, not -0.5"),
    ({"std": [1, 0, 1]}, "std[1] must be a number above 0, not 0"),
    ({"anchor_ratios": []}, "anchor_ratios must not be empty"),
    ({"box_convs": 4}, "box_convs must be 0 without cascade"),
    ({"swin": {"embed_dim": 10, "depths": [1, 1], "heads": [3, 2]}},
     "swin.heads must divide a stage's 10 channels, and 3 does not"),
])
def test_what_is_wrong_is_named(change, error):
    with pytest.raises(ValueError) as raised:
        DetectorConfig.of_dict(CONFIG.as_dict() | change)
    assert str(raised.value) == error


def test_what_is_missing_is_named():
    with pytest.raises(ValueError, match=r"^category_ids is missing$"):
        DetectorConfig.of_dict({"classes": ["one"]})
    with pytest.raises(ValueError, match=r"^config must be an object, not None$"):
        DetectorConfig.of_dict(None)
