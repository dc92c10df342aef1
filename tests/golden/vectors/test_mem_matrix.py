"""Matrices in ``.mem`` files: by hand, every width, doubles, and each way to be wrong."""

import struct

import numpy as np
import pytest

from vit2rtl.golden.vectors.mem_matrix import Layout

# Two rows of three numbers of 5 bits, two lanes: two beats of 10 bits a row.
HAND = Layout("integer", 5, True, 2, 2, 3)


def test_two_rows_by_hand():
    matrix = np.array([[1, -1, 3], [-16, 15, 0]])
    # 1 | 31 << 5, then 3 | 3 << 5 (the last element again); 16 | 15 << 5, then 0.
    assert HAND.text(matrix) == b"3e1\n063\n1f0\n000\n"
    assert HAND.matrix(b"3e1\n063\n1f0\n000\n").tolist() == matrix.tolist()
    assert (HAND.row_beats, HAND.beat_bits, HAND.digits, HAND.row_bytes) == (2, 10, 3, 8)


@pytest.mark.parametrize("lanes", [1, 3, 64])
@pytest.mark.parametrize("signed", [False, True])
def test_every_width_comes_back(signed, lanes):
    generator = np.random.default_rng(lanes)
    for bits in range(1 + signed, 64):
        layout = Layout("integer", bits, signed, lanes, 4, 7)
        low, high = layout.field.range
        matrix = generator.integers(low, high, (4, 7), endpoint=True)
        matrix[0, :2] = low, high
        again = layout.matrix(layout.text(matrix))
        assert again.tolist() == matrix.tolist()
        assert again.dtype == layout.dtype and layout.dtype.itemsize * 8 < 2 * max(bits, 5)


@pytest.mark.parametrize("lanes", [1, 3])
def test_doubles_are_their_bits(lanes):
    matrix = np.array([[1.0, -0.0, np.pi, -1e-310], [np.inf, 2.0**-1074, -1.5, 1e300]])
    layout = Layout("binary64", 64, True, lanes, 2, 4)
    text = layout.text(matrix)
    assert layout.matrix(text).tobytes() == matrix.tobytes()
    if lanes == 1:
        want = [struct.pack(">d", x).hex() for x in matrix.flat]
        assert text.decode().split() == want


def test_pieces_cover_the_rows():
    layout = Layout("integer", 4, False, 4, 1000, 3000)
    pieces = layout.pieces()
    assert [n for piece in pieces for n in range(1000)[piece]] == list(range(1000))
    assert 1 < len(pieces) < 1000
    assert layout.pieces(3) == [slice(0, 3)]
    assert Layout.of((2, 3, 5), 4, bits=4, signed=False).rows == 6


@pytest.mark.parametrize(("text", "said"), [
    (b"3e1\n063\n1f0\n", "3 lines are not whole rows of 2"),
    (b"3e1\n06\n1f0\n000\n", "Line 2 must have 3 digits, not 2"),
    (b"3e1\n06g\n1f0\n000\n", "Line 2 must be hexadecimal digits only"),
    (b"3e1\n463\n1f0\n000\n", "Line 2 must be below 2**10"),
    (b"3e1\n063\n1f0\n020\n", "Row 1 must be filled up with its last element"),
])
def test_other_texts_are_refused(text, said):
    with pytest.raises(ValueError) as caught:
        HAND.matrix(text)
    assert str(caught.value) == said


def test_numbers_that_do_not_fit_are_refused():
    with pytest.raises(ValueError) as caught:
        HAND.text(np.array([[0, 16, 0]]))
    assert str(caught.value) == "Field 'element' must be between -16 and 15, not 16"
