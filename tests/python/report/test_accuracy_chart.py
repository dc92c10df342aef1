import math

import numpy as np
import pytest

from vit2rtl.report import accuracy_chart as chart
from vit2rtl.report.accuracy_chart import Setting
from vit2rtl.report.page import report

SETTINGS = [Setting("W4A4", 2.5, 1.24, 12.34, 0.26), Setting("W4A4, log2", 3.5, 4.0, 9.0, 0.2),
            Setting("W8A8", -0.04, 0.5, 30.0, 1.0)]


def draw(settings=SETTINGS, **options):
    return chart.accuracy_chart(settings, top1=97.5, images=1000, **options)


def test_losses_stand_with_their_noise_around_the_float_model():
    left, right = draw().axes
    assert [label.get_text() for label in left.get_yticklabels()] == [s.name for s in SETTINGS]
    assert left.yaxis_inverted()
    assert [text.get_text() for text in left.texts] == ["2.5 ± 1.2", "3.5 ± 4.0", "0.0 ± 0.5"]
    ends = np.array([segment[:, 0] for segment in left.collections[0].get_segments()])
    np.testing.assert_allclose(ends, [(1.26, 3.74), (-0.5, 7.5), (-0.54, 0.46)])
    low, high = left.get_xlim()
    assert -1 < low < -0.54 and 7.5 < high < 10  # the axis is about the losses, not from 0 to 100
    assert left.get_xlabel() == "points of top-1 lost against float32 (97.5%), 95 % interval"
    assert [text.get_text() for text in right.texts] == [
        "12.3 ± 0.3 dB", "9.0 ± 0.2 dB", "30.0 ± 1.0 dB"]
    ends = np.array([segment[:, 0] for segment in right.collections[0].get_segments()])
    np.testing.assert_allclose(ends, [(12.08, 12.6), (8.8, 9.2), (29, 31)])
    assert right.get_xlim()[1] > 31
    assert right.get_xlabel() == "SQNR of the logits, mean of images (dB), 95 % interval"


def test_the_title_is_about_the_highlighted_setting_and_says_what_is_noise():
    assert draw(highlight="W4A4, log2").get_suptitle() == (
        "W4A4, log2 loses 3.5 ± 4.0 points of the float model's 97.5% top-1;\n"
        "1 of 3 settings differ by more than the noise of 1,000 images: SQNR ranks them")
    assert draw(SETTINGS[1:]).get_suptitle() == (
        "W8A8 loses 0.0 ± 0.5 points of the float model's 97.5% top-1;\n"
        "no setting differs by more than the noise of 1,000 images: SQNR ranks them")
    assert draw(title="Mine").get_suptitle() == "Mine"


@pytest.mark.parametrize("setting", [Setting("a", 0.0, 0.0, 3.0, 0.0),
                                     Setting("a", 90.0, 1.0, -60.0, 5.0)])
def test_one_setting_can_be_drawn(setting, tmp_path):
    report([draw([setting])], tmp_path / "one.png")
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("settings", "highlight", "message"),
    [
        ([], None, "Settings must be at least one"),
        ([Setting("a", 1.0, 0.5, math.inf, 0.1)], None, "The sqnr of 'a' must be finite, not inf"),
        ([Setting("a", math.nan, 0.5, 9.0, 0.1)], None, "The loss of 'a' must be finite, not nan"),
        ([Setting("a", 1.0, -0.5, 9.0, 0.1)], None,
         "The noise of 'a' must be at least 0, not -0.5"),
        ([Setting("a", 1.0, 0.5, 9.0, -1.0)], None,
         "The sqnr_noise of 'a' must be at least 0, not -1.0"),
        (SETTINGS, "b", "Highlight must be the name of a setting, not 'b'"),
    ],
)
def test_nonsense_is_refused(settings, highlight, message):
    with pytest.raises(ValueError) as error:
        draw(settings, highlight=highlight)
    assert str(error.value) == message
