"""A small engine for random programs, and one run of it."""

import numpy as np

from tests.golden.engine.compiler.random_programs import random_image
from vit2rtl.golden.engine import Configuration
from vit2rtl.golden.engine.compiler import image_stream
from vit2rtl.golden.engine.executor import execute
from vit2rtl.golden.program.execute import execute as golden

TINY = Configuration(
    name="tiny", rows=4, columns=4, layernorm_lanes=2, softmax_lanes=2, attention_rows=2,
    acc_width=24, attention_acc_width=20, tokens=32, bank_rows=32, channels=16, stream=32 * 16,
    normalized=32 * 32, projected=32 * 48, hidden=32 * 48, code_bits=8, table_bits=6,
)


def run(image, program, *, seed, **options):
    """(logits, what golden says)."""
    codes, c = random_image(program, seed), image.configuration
    result = execute(image.stream(), image_stream(program, codes, c), c, seed=seed, **options)
    want = golden(program, codes[np.newaxis])[0]
    return result.logits[:len(want)].tolist(), want.tolist()
