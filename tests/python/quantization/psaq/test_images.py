"""Images from noise: repeated, resumed, within the colours, for every family."""

import pytest
import torch
from torch.nn import functional as F

from tests.python.quantization.methods.families import FAMILIES
from vit2rtl.models import embedded
from vit2rtl.models.images import preprocessing
from vit2rtl.models.library import timm
from vit2rtl.quantization.float_pass import float_pass
from vit2rtl.quantization.psaq.images import Maker, _pace, _total_variation
from vit2rtl.quantization.psaq.similarity import PatchEntropy, entropy, similarities
from vit2rtl.quantization.recipe import Recipe
from vit2rtl.quantized_vit import QuantizedViT


def maker_of(network, config):
    structure = QuantizedViT(network, Recipe(8, 8, method="psaq")).structure
    return Maker(structure, network.num_classes, config["mean"], config["std"])


@pytest.fixture(scope="module")
def maker():
    network = embedded.create()
    return maker_of(network, preprocessing(network))


def made(maker, iterations, seed=3, count=2):
    return [*maker.steps(maker.start(count, seed), iterations, seed)]


def test_the_same_seed_makes_the_same_whole_or_in_parts(maker):
    whole = made(maker, 6)
    assert [state.done for state in whole] == [1, 2, 3, 4, 5, 6]
    assert made(maker, 6)[-1].image.equal(whole[-1].image)
    assert not made(maker, 6, seed=4)[-1].image.equal(whole[-1].image)
    for done in (1, 3, 5):
        rest = [*maker.steps(whole[done - 1], 6, 3)]
        assert len(rest) == 6 - done
        for name in ("image", "first", "second"):
            assert getattr(rest[-1], name).equal(getattr(whole[-1], name)), name


def test_pixels_stay_within_the_colours(maker):
    assert maker._low.shape == maker._high.shape == (1, 1, 1, 1)
    for state in (maker.start(2, 3), *made(maker, 5)):
        assert (state.image >= maker._low).all() and (state.image <= maker._high).all()


def test_the_loss_falls_and_the_class_is_seen(maker):
    """With the same rolls and the same wishes, before and after."""
    labels, variation = maker._wanted(4, 5)
    images = maker.start(4, 5).image, made(maker, 60, seed=5, count=4)[-1].image
    before, after = (float(maker._loss(image, labels, variation, torch.Generator().manual_seed(1),
                                       False)) for image in images)
    assert after < before - 5
    before, after = (float(F.cross_entropy(
        float_pass(maker._structure, image, PatchEntropy(4, 49)), labels)) for image in images)
    assert after < before - 1


@pytest.mark.parametrize(("name", "arguments"), FAMILIES)
def test_every_family_has_images(name, arguments):
    torch.manual_seed(1)
    network = timm.create_model(name, **arguments).eval()
    maker = maker_of(network, {"mean": [0.5] * 3, "std": [0.25] * 3})
    states = made(maker, 3)
    assert states[-1].image.shape == (2, 3, 32, 32)
    assert not states[-1].image.equal(states[0].image)
    watcher = PatchEntropy(2, maker._patches)
    float_pass(maker._structure, states[-1].image, watcher)
    assert float(watcher.total) != 0


def test_the_learning_rate_rises_and_falls_twice():
    rates = [_pace(n, 20) for n in range(20)]
    assert rates[:10] == rates[10:]
    assert rates[:3] == [0.5, 1.0, 1.0] and rates[9] == pytest.approx(0.038, abs=1e-3)
    assert rates[2:10] == sorted(rates[2:10], reverse=True)
    assert all(0 < _pace(n, count) <= 1 for count in range(1, 9) for n in range(count))
    # Of an odd number of steps the first turn has one more.
    odd = [_pace(n, 9) for n in range(9)]
    assert [n for n in range(9) if odd[n] == 1.0] == [0, 1, 5, 6] and odd[8] == 0.5


def test_total_variation_by_hand():
    image = torch.tensor([[[[0.0, 3.0], [4.0, 0.0]]]])
    # Across 3 and -4, down 4 and -3, diagonals 0 and 3 - 4.
    assert float(_total_variation(image)) == pytest.approx(5 + 5 + 0 + 1)


def test_what_is_wished_for(maker):
    labels, variation = maker._wanted(3, 1)
    assert labels.shape == (3,) and 0 <= int(labels.min()) <= int(labels.max()) < 10
    assert 2500 <= variation * (32 * 3 * 224**2 / (3 * 28**2))**0.5 <= 3000


def test_any_seed_makes_noise_of_its_own(maker):
    seeds = (0, 1, 2**32 - 1, (2**32 - 1) * 10_007 + 3)
    images = [maker.start(1, seed).image for seed in seeds]
    assert not any(one.equal(other) for n, one in enumerate(images) for other in images[:n])


def test_a_network_without_finite_values_is_refused():
    network = embedded.create()
    network.blocks[0].mlp.fc1.weight.data *= 1e30
    network.blocks[0].mlp.fc2.weight.data *= 1e30
    with pytest.raises(ValueError, match=r"^The network gives values that are not finite \(NaN or"):
        made(maker_of(network, preprocessing(network)), 2)


def test_windows_of_an_image_have_one_density():
    structure = QuantizedViT(embedded.create(), Recipe(8, 8, method="psaq")).structure
    attention = structure.attentions[0].module
    mixed = torch.randn(6, 2, 4, 3, generator=torch.Generator().manual_seed(1))
    watcher = PatchEntropy(2, 12)
    watcher.attention(attention, None, mixed)
    values = similarities(mixed.mean(1))
    rows = torch.stack([values[:3].flatten(), values[3:].flatten()])
    assert float(watcher.total) == pytest.approx(float(entropy(rows)))
