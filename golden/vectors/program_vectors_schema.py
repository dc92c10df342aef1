"""What vectors of a program consist of: a formula for each kind of op, a layout for each array."""

from difflib import get_close_matches
from fnmatch import fnmatchcase

from vit2rtl.golden.arithmetic import attention_value, layernorm, softmax
from vit2rtl.golden.arithmetic.matmul import width
from vit2rtl.golden.program import ops_float
from vit2rtl.golden.vectors.mem_matrix import Layout

SCHEMA_NAME = "vit2rtl.program_vectors"
SCHEMA = f"{SCHEMA_NAME}/1"
TENSORS, CONSTANTS = "tensors", "constants"

_REQUANTIZE = "clip(((acc·multiplier + 2^(shift-1)) >> shift) + z)"
_HALF_UP, _EXACT, _DOUBLE = "half up, once", "none", "binary64"
# kind -> (what it computes, how it rounds). q stands for codes, z for the output's zero point.
FORMULAS = {
    "patches": ("rows of pixels, one a patch: channel, then row, then column", _EXACT),
    "linear": ("acc = Σ q·(weight - weight_zero_point) + bias; " + _REQUANTIZE, _HALF_UP),
    "query_key": (
        "by head, acc = Σ (q - q_zero_point)·(k - k_zero_point) (+ bias), the output; with a "
        "multiplier " + _REQUANTIZE + ", never the smallest number, which is where mask is 1",
        "none, with a multiplier half up, once"),
    "softmax": (
        "t = ((max - q)·multiplier + 2^(shift-1)) >> shift; m = rom[t mod 2^rom_bits]; "
        "x = min(t >> rom_bits, 255); S = Σ m >> x; code = how many k < 2^bits - 1 have "
        "m·2^(k>>1) / 2^x < S·threshold / 2^threshold_shift, threshold_a for even k, threshold_b "
        "for odd; a masked logit (the smallest number) has m = 0 and the last code", _HALF_UP),
    "softmax_float": (
        "y = q·logit_scale (+ bias) (- 100·mask); p = min(rint(2^16·exp(y - max) / Σ), 2^16 - 1); "
        "code = how many k < 2^bits - 1 have p·2^(k>>1) < threshold_a (even k) or threshold_b "
        "(odd k), or all where p is 0", "binary64, p half to even"),
    "attention_value": (
        "by head, E = Σ over even codes (v - v_zero_point) << (fraction_bits - code/2), "
        "O = Σ over odd codes (v - v_zero_point) << (fraction_bits - (code+1)/2), codes shifted "
        "below bit 0 and the zero code left out; clip(((E·multipliers[0] + O·multipliers[1] + "
        "2^(n-1)) >> n) + z), n = multipliers[2]", _HALF_UP),
    "layernorm": (
        "S1 = Σq; V = D·Σq² - S1² + epsilon, D columns; p = ⌊(bits of V - 21) / 2⌋, m = ⌊V / 4^p⌋; "
        "y = seeds[m >> 14] << 10, then twice "
        "y = (y·((3·2^44 - m·(y² >> 16)) >> 22) + 2^22) >> 23; "
        "r = min((y + 4) >> 3, 2^17 - 1), k = p + 27; "
        "clip((((D·q - S1)·r·gain >> (shift + k - 16)) + offset + 2^15) >> 16), less 2^(bits-1) "
        "where the output is signed", _HALF_UP),
    "layernorm_float": (
        "y = (x - mean) / √(variance + epsilon)·gamma + beta; codes are clip(rint(y / scale) + z)",
        "binary64, codes half to even"),
    "table": ("table[q]", _EXACT),
    "embed": ("constants in front, constants + q behind, saturated", _EXACT),
    "embed_float": (
        "constants·constant_scale in front, and + scale·(q - zero_point) behind", _DOUBLE),
    "add": ("stream + branch, saturated", _EXACT),
    "add_float": ("stream + scale·(q - zero_point)", _DOUBLE),
    "select": ("the rows that tokens names", _EXACT),
    "gather": ("the rows that index names, in its order", _EXACT),
    "real_float": ("scale·(q - zero_point)", _DOUBLE),
    "pool": ("acc = Σ over rows (q - input_zero_point); " + _REQUANTIZE, _HALF_UP),
    "pool_float": (
        "the mean over rows; codes are clip(rint(mean / scale) + z)",
        "binary64, codes half to even"),
    "average": ("the sum of the inputs", _EXACT),
    "average_float": ("the mean of scales[i]·(q_i - zero_points[i])", _DOUBLE),
}
_UNSIGNED = ("weight", "multiplier", "shift", "index", "mask", "rom", "seeds")


def select(program, patterns):
    """The ops whose names match a pattern (``*``, ``?``, ``[...]``), in the program's order.

    raises   ValueError for a pattern that matches none, with names near it
    """
    names = [op.name for op in program.ops]
    chosen = set()
    for pattern in patterns:
        found = [name for name in names if fnmatchcase(name, pattern)]
        if not found:
            raise ValueError(f"No op matches {pattern!r}: {_near(pattern, names)}")
        chosen.update(found)
    return [op for op in program.ops if op.name in chosen]


def _near(pattern, names):
    bare = pattern.strip("*.")
    near = [name for name in names if bare and bare in name][:3]
    near = near or get_close_matches(bare, names, 3)
    if not near:
        return f"there are {len(names)} ops, from {names[0]} to {names[-1]}"
    return f"near it are {', '.join(near)}"


def tensor_layout(tensor, images, lanes):
    """How a tensor of so many images is written."""
    shape, bits = (images, *tensor.shape), tensor.bits
    if tensor.encoding == "float64":
        return Layout.of(shape, lanes, bits=64, signed=True, number="binary64")
    if tensor.encoding == "accumulator":
        bits = width(-tensor.bound, tensor.bound)
    return Layout.of(shape, lanes, bits=bits, signed=tensor.signed)


def constant_layout(op, role, array, lanes):
    """How a constant is written: in the bits that its kind fixes, else in the fewest that do."""
    if array.dtype.kind == "f":
        return Layout.of(array.shape, lanes, bits=64, signed=True, number="binary64")
    signed, low, high = role not in _UNSIGNED, int(array.min()), int(array.max())
    bits = width(low, high) if signed else max(high.bit_length(), 1)
    if role == "weight":
        bits = op.attributes["weight_bits"]
    elif role == "constants" and op.kind == "embed_float":
        bits = 16
    elif role in ("table", "constants"):
        bits, signed = op.output.bits, op.output.signed
    return Layout.of(array.shape, lanes, bits=bits, signed=signed)


def derived_numbers(op):
    """What an implementation needs besides the op's attributes, and follows from them."""
    numbers = {}
    if "accumulator_bound" in op.attributes:
        bound = op.attributes["accumulator_bound"]
        numbers["accumulator_bits"] = width(-bound, bound)
    if op.kind == "attention_value":
        a = op.attributes
        numbers["fraction_bits"] = attention_value.fraction_bits(a["softmax_bits"], a["zero_code"])
    if op.kind == "softmax_float":
        numbers["probability_bits"] = ops_float.PROBABILITY_BITS
    return numbers


def derived_tables(op):
    """{role: array} of the look-up tables that a kind has besides the op's constants."""
    if op.kind == "softmax":
        return {"rom": softmax.rom(op.attributes["rom_bits"], op.attributes["exp_bits"])}
    if op.kind == "layernorm":
        return {"seeds": layernorm.SEEDS}
    return {}
