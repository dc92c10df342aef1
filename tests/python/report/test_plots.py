import numpy as np
import pytest
from PIL import Image

from vit2rtl.report import plots


@pytest.fixture
def activations():
    """20 channels whose ranges differ by up to a factor of 20, and the same, equalized."""
    even = np.random.default_rng(0).normal(size=(4, 50, 20))
    even /= np.abs(even).max(axis=(0, 1))
    return even * np.arange(1, 21), even


@pytest.fixture
def probabilities():
    logits = np.random.default_rng(0).normal(size=(4, 50, 50)) * 3
    weights = np.exp(logits)
    return weights / weights.sum(-1, keepdims=True)


def figure():
    return plots.channel_ranges(np.eye(5, 3), np.eye(5, 3), bits=4)


def boxes(axes):
    return [len(container) for container in axes.containers]


def test_channel_ranges_draws_every_channel_before_and_after(activations):
    figure = plots.channel_ranges(*activations, bits=4)
    before, after = figure.axes
    assert boxes(before) == boxes(after) == [20, 20]  # 1 to 99 %, 25 to 75 %
    assert before.get_xlabel() == "channel"
    assert before.get_ylabel() == "post-LayerNorm activation (unitless)"
    assert before.get_title("left").startswith("Before")
    assert after.get_title("left").startswith("After")


def test_channel_ranges_says_how_much_of_the_range_channels_fill(activations):
    before, after = activations
    title = plots.channel_ranges(before, after, bits=4, after_range=(-2.0, 2.0)).get_suptitle()
    extent = np.ptp(before, axis=(0, 1))
    fill = np.median(extent) / (before.max() - before.min())
    assert f"{fill:.0%} of a layer-wise quantizer before" in title
    assert f"{np.median(np.ptp(after, axis=(0, 1))) / 4:.0%} after" in title


def test_channel_ranges_draws_the_quantizers_levels(activations):
    low, high = plots.uniform_range(0.25, 6, 4)
    assert (low, high) == (-1.5, 2.25)
    _, after = plots.channel_ranges(*activations, bits=4, after_range=(low, high)).axes
    levels = [segment[0, 1] for segment in after.collections[0].get_segments()]
    np.testing.assert_allclose(levels, np.arange(16) * 0.25 - 1.5)


def test_channel_ranges_boxes_are_the_percentiles(activations):
    before, _ = plots.channel_ranges(*activations, bits=4).axes
    box = before.containers[1][7]
    low, high = np.percentile(activations[0][..., 7], [25, 75])
    assert box.get_y() == pytest.approx(low) and box.get_height() == pytest.approx(high - low)


def test_channel_ranges_shows_at_most_64_channels():
    wide = np.random.default_rng(0).normal(size=(10, 192))
    before, _ = plots.channel_ranges(wide, wide, bits=8).axes
    assert boxes(before) == [64, 64]


def test_channel_ranges_of_constant_activations_can_be_drawn(tmp_path):
    figure = plots.channel_ranges(np.ones((5, 3)), np.ones((5, 3)), bits=4)
    plots.report([figure], tmp_path / "constant.png")
    assert (tmp_path / "constant.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (
            np.zeros((5, 3)),
            np.zeros((5, 4)),
            "Before and after must have as many channels, not 3 and 4",
        ),
        (
            np.zeros(5),
            np.zeros(5),
            "Activations must be finite, of at least two axes, and not empty",
        ),
        (
            np.full((5, 3), np.nan),
            np.zeros((5, 3)),
            "Activations must be finite, of at least two axes, and not empty",
        ),
    ],
)
def test_channel_ranges_refuses_what_it_cannot_draw(before, after, message):
    with pytest.raises(ValueError) as error:
        plots.channel_ranges(before, after, bits=4)
    assert str(error.value) == message


def test_softmax_histogram_draws_levels_of_both_quantizers(probabilities):
    top, rug = plots.softmax_histogram(probabilities, 1.0, 4).axes
    log2, log_sqrt2 = (
        [segment[0, 0] for segment in lines.get_segments()] for lines in rug.collections
    )
    np.testing.assert_allclose(log_sqrt2, 2.0 ** (-np.arange(15) / 2))
    np.testing.assert_allclose(log2, 2.0 ** -np.arange(15.0))
    assert [label.get_text() for label in rug.get_yticklabels()] == ["log2 levels", "log√2 levels"]
    assert (top.get_xscale(), top.get_yscale()) == ("log", "log")
    assert top.get_ylabel() == "number of values"
    assert rug.get_xlabel() == "post-Softmax probability (log scale)"


def test_softmax_histogram_counts_every_value_once(probabilities):
    top, _ = plots.softmax_histogram(probabilities, 1.0, 4).axes
    assert sum(bar.get_height() for bars in top.containers for bar in bars) == probabilities.size


def test_softmax_histogram_marks_what_becomes_zero(probabilities):
    from vit2rtl.golden.arithmetic import log_sqrt2

    top, _ = plots.softmax_histogram(probabilities, 1.0, 4).axes
    fixed = np.round(probabilities * 2**32 - 0.5).astype(np.int64)
    codes = log_sqrt2.quantize(fixed, *log_sqrt2.thresholds(1.0, width=32), bits=4)
    assert f"becomes zero: {(codes == 15).mean():.1%} of the values" in [
        text.get_text().partition(",")[0] for text in top.get_legend().get_texts()
    ]


def test_softmax_histogram_without_a_zero_code_marks_nothing(probabilities):
    top, _ = plots.softmax_histogram(probabilities, 1.0, 4, zero_code="none").axes
    assert not [t for t in top.get_legend().get_texts() if "zero" in t.get_text()]


def test_softmax_histogram_says_what_log_sqrt2_resolves(probabilities):
    title = plots.softmax_histogram(probabilities, 1.0, 4).get_suptitle()
    assert f"{(probabilities < 0.3).mean():.1%} of the probabilities are below 0.3" in title
    assert "log√2 has 4 levels where log2 has 2" in title
    title = plots.softmax_histogram(probabilities, 0.2, 4).get_suptitle()
    assert "log√2 has two levels in every octave where log2 has one" in title


@pytest.mark.parametrize(
    ("bits", "zero_code", "levels"),
    [(2, "top", 3), (2, "extra", 4), (2, "none", 4), (6, "top", 63), (6, "none", 64)],
)
def test_softmax_histogram_draws_every_code_but_zero(probabilities, bits, zero_code, levels):
    _, rug = plots.softmax_histogram(probabilities, 0.9, bits, zero_code=zero_code).axes
    assert len(rug.collections[1].get_segments()) == levels


def test_softmax_histogram_ends_where_probabilities_do(probabilities):
    top, rug = plots.softmax_histogram(probabilities, 1.0, 8).axes
    assert top.get_xlim()[0] == 2.0**-40
    assert len(rug.collections[1].get_segments()) == 81
    assert not [t for t in top.get_legend().get_texts() if "zero" in t.get_text()]


@pytest.mark.parametrize(
    ("probabilities", "scale", "bits", "message"),
    [
        ([], 1.0, 4, "Probabilities must be at least one number, each between 0 and 1"),
        ([1.5], 1.0, 4, "Probabilities must be at least one number, each between 0 and 1"),
        ([np.nan], 1.0, 4, "Probabilities must be at least one number, each between 0 and 1"),
        ([0.5], 0.0, 4, "Scale must be above 0 and at most 1, not 0.0"),
        ([0.5], 1.0, 9, "Bits must be between 2 and 8, not 9"),
    ],
)
def test_softmax_histogram_refuses_nonsense(probabilities, scale, bits, message):
    with pytest.raises(ValueError) as error:
        plots.softmax_histogram(probabilities, scale, bits)
    assert str(error.value) == message


def test_a_report_is_the_same_bytes_again_whatever_the_users_settings(
    tmp_path, activations, probabilities
):
    import matplotlib

    def write(name):
        figures = [
            plots.channel_ranges(*activations, bits=4),
            plots.softmax_histogram(probabilities, 1.0, 4),
        ]
        plots.report(figures, tmp_path / name)
        return (tmp_path / name).read_bytes()

    first = write("a.png")
    with matplotlib.rc_context({"font.size": 20, "axes.facecolor": "black"}):
        assert write("b.png") == first
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.format == "PNG" and picture.width == 1320 and picture.height > 1000


def test_a_report_that_fails_leaves_the_old_one_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "report.png"
    path.write_bytes(b"old")

    def fail(self, where, **_):
        where.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="No space left on device"):
        plots.report([figure()], path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("figures", "name", "message"),
    [
        (0, "report.png", "A report must hold at least one figure"),
        (1, "report.pdf", "Report must be named *.png, not 'report.pdf'"),
    ],
)
def test_a_report_refuses_nonsense(figures, name, message, tmp_path):
    with pytest.raises(ValueError) as error:
        plots.report([figure()] * figures, tmp_path / name)
    assert str(error.value) == message


def test_plots_leave_pyplot_alone():
    import subprocess
    import sys

    code = "import sys, vit2rtl.report.plots; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
