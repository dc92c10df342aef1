"""The C header of an instance, the whole text; what compilers take is in test_bundle_formats.py."""

import numpy as np

from vit2rtl.golden import BundleWriter, Instance

HEADER = """\
/* Golden vectors of log_sqrt2_quantizer_l4_w32: LogSqrt2Quantizer. */
#ifndef LOG_SQRT2_QUANTIZER_L4_W32_VECTORS_H
#define LOG_SQRT2_QUANTIZER_L4_W32_VECTORS_H

#include <stdint.h>

#define LOG_SQRT2_QUANTIZER_L4_W32_LANES 4
#define LOG_SQRT2_QUANTIZER_L4_W32_BITS 4
#define LOG_SQRT2_QUANTIZER_L4_W32_WIDTH 32
#define LOG_SQRT2_QUANTIZER_L4_W32_ZERO_CODE "top"
#define LOG_SQRT2_QUANTIZER_L4_W32_RECORDS 2

struct log_sqrt2_quantizer_l4_w32_record {
    const char *name;
    uint32_t elements;
    const uint32_t *probability;
    const uint8_t *expected_code;
    uint32_t threshold_a;
    uint32_t threshold_b;
};

/* long */
static const uint32_t log_sqrt2_quantizer_l4_w32_0_probability[14] = {
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 2147483647,
    2147483648u, 4294967295u
};

static const uint8_t log_sqrt2_quantizer_l4_w32_0_expected_code[14] = {
    15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 15, 2,
    1, 0
};

/* short */
static const uint32_t log_sqrt2_quantizer_l4_w32_1_probability[1] = {
    7
};

static const uint8_t log_sqrt2_quantizer_l4_w32_1_expected_code[1] = {
    0
};

static const struct log_sqrt2_quantizer_l4_w32_record \
log_sqrt2_quantizer_l4_w32_records[LOG_SQRT2_QUANTIZER_L4_W32_RECORDS] = {
    {"long", 14u, log_sqrt2_quantizer_l4_w32_0_probability, \
log_sqrt2_quantizer_l4_w32_0_expected_code, 3221225472u, 2147483648u},
    {"short", 1u, log_sqrt2_quantizer_l4_w32_1_probability, \
log_sqrt2_quantizer_l4_w32_1_expected_code, 2, 1}
};

#endif
"""


def header(folder, instance, records):
    with BundleWriter(folder, {}, formats=["c"]) as writer:
        for record, inputs, outputs, configuration in records:
            writer.add(instance, record=record, layer=record, kind="model", inputs=inputs,
                       outputs=outputs, configuration=configuration)
    return (folder / instance.name / "vectors.h").read_text(encoding="utf-8")


def test_the_whole_header(tmp_path):
    """Of the thresholds 3 · 2**30, 2**31, 3 · 2**29 two are above 2**31 - 1, one above 2**31."""
    long = [*range(11), 2**31 - 1, 2**31, 2**32 - 1]
    text = header(tmp_path / "b", Instance.of("log_sqrt2_quantizer", width=32), [
        ("long", {"probability": np.array(long)}, {"code": [*[15] * 11, 2, 1, 0]},
         {"threshold_a": 3 << 30, "threshold_b": 1 << 31}),
        ("short", {"probability": [7]}, {"code": [0]}, {"threshold_a": 2, "threshold_b": 1}),
    ])
    assert text == HEADER


def test_the_least_number_of_32_bits(tmp_path):
    """A compiler reads it as a minus before a number that is too large."""
    instance = Instance.of("requantizer", lanes=1, zero_point_width=32, shift_base=1)
    inputs = {"acc": [5, -(2**26)], "multiplier": [2, 2], "shift": [0, 0]}
    records = [(f"z{n}", inputs, {"code": [0, 0]}, {"zero_point": n - 2**31}) for n in (0, 1)]
    text = header(tmp_path / "b", instance, records)
    assert ", (-2147483647 - 1)},\n" in text and ", -2147483647}\n" in text
    assert "static const int32_t" in text and "    5, -67108864\n" in text
