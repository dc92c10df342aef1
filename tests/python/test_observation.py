"""What is kept for plots, and that keeping it changes nothing."""

import pytest
import torch

from vit2rtl.models import embedded
from vit2rtl.models.images import embedded_images
from vit2rtl.observation import Observation
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT


@pytest.fixture(scope="module")
def batch():
    return embedded_images("train").sample(8, seed=0).batch(range(8))


def test_observing_changes_no_tensor(batch):
    plain = QuantizedViT(embedded.create(), Recipe()).calibrate(batch)
    observed = QuantizedViT(embedded.create(), Recipe())
    Observation(observed, batch)
    want, got = plain.network.state_dict(), observed.network.state_dict()
    assert want.keys() == got.keys()
    assert all(torch.equal(want[key], got[key]) for key in want)
    assert all(attention.tap is None for _, attention in observed.attentions())


@pytest.mark.parametrize(
    ("arguments", "titles"),
    [
        ({}, ["Reparameterization gives", "probabilities are below"]),
        ({"layernorm": "layer-wise"}, ["probabilities are below"]),
        ({"softmax": "uniform"}, ["Reparameterization gives"]),
    ],
)
def test_one_figure_for_what_there_is_to_see(batch, arguments, titles):
    figures = Observation(QuantizedViT(embedded.create(), Recipe(**arguments)), batch).figures()
    assert len(figures) == len(titles)
    for figure, title in zip(figures, titles, strict=True):
        assert title in figure.get_suptitle()


def test_the_most_uneven_layer_is_shown_before_and_after(batch):
    observation = Observation(QuantizedViT(embedded.create(), Recipe()), batch)
    before, after = observation._norms
    assert before.shape == after.shape == (8, 50, 64)
    # x~ = (x + s r2) / r1, channel by channel; upstream only weights were quantized again.
    x, y = before.reshape(-1, 64), after.reshape(-1, 64)
    correlation = ((x - x.mean(0)) * (y - y.mean(0))).mean(0) / (x.std(0) * y.std(0))
    assert correlation.min() > 0.95
    slope = y.std(0) / x.std(0)
    assert slope.max() / slope.min() > 1.5
    ranges = [v.reshape(-1, 64).quantile(0.999, 0) for v in (before, after)]
    spread = [float(r.std() / r.mean()) for r in ranges]
    assert spread[1] < spread[0] / 2
