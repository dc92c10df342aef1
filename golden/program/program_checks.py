"""What the ops of a program must satisfy: shapes, codes, widths and bounds, one by one."""

from math import prod

import numpy as np

from vit2rtl.golden.arithmetic import attention_value, softmax
from vit2rtl.golden.arithmetic.log_sqrt2 import ZERO_CODES


def check_op(op, inputs, variant):
    """Inputs, constants and output fit each other; integer programs have no float op."""
    if variant == "integer" and (op.kind.endswith("_float") or op.output.encoding == "float64"):
        raise ValueError(f"op {op.name!r} computes in float, in a program of variant integer")
    problem = _CHECKS[op.kind](op, *inputs) or _as_stated(op, inputs)
    if problem:
        raise ValueError(f"op {op.name!r}: {problem}")


def _as_stated(op, inputs):
    """What an attribute says of the codes that go in is what their tensor says of them."""
    codes = inputs[-1]
    stated = {
        "scale": codes.scale, "zero_point": codes.zero_point, "logit_scale": codes.scale,
        "scales": [x.scale for x in inputs], "zero_points": [x.zero_point for x in inputs],
    }
    for name, value in stated.items():
        if name in op.attributes and op.attributes[name] != value:
            return f"{name} must be {value} as in its input, not {op.attributes[name]}"
    return None


def _patches(op, image):
    patch = op.attributes["patch"]
    if len(patch) != 2 or not all(type(n) is int and n > 0 for n in patch):
        return f"patch must be two sizes, not {patch}"
    channels, height, width = image.shape
    shape = (height // patch[0] * (width // patch[1]), channels * prod(patch))
    if height % patch[0] or width % patch[1] or op.output.shape != shape:
        return f"output shape {op.output.shape} does not fit patches of {patch}"
    return _same_codes(op.output, image)


def _same_codes(output, source):
    same = ("bits", "signed", "encoding", "scale", "zero_point")
    if any(getattr(output, name) != getattr(source, name) for name in same):
        return "input and output must have the same codes"
    return None


def _linear(op, x):
    t, a = op.tensors, op.attributes
    if t["weight"].ndim != 2 or t["weight"].dtype != np.uint8:
        return "weight must be uint8[out, in]"
    out, width = t["weight"].shape
    if x.shape[-1] != width or op.output.shape != (*x.shape[:-1], out):
        return (f"weight of shape {t['weight'].shape} does not fit input {x.shape} "
                f"and output {op.output.shape}")
    for role in ("weight_zero_point", "bias", "multiplier", "shift"):
        if t[role].shape != (out,):
            return f"{role} must have the shape ({out},), not {t[role].shape}"
    if not 1 <= a["weight_bits"] <= 8 or int(t["weight"].max()) >> a["weight_bits"]:
        return f"weight codes must have {a['weight_bits']} bits, of 1 to 8"
    if (t["multiplier"] < 0).any() or int(t["multiplier"].max()) >> 18:
        return "multipliers must be between 0 and 2**18 - 1"
    if int(t["shift"].min()) < 1 or int(t["shift"].max()) > 47:
        return "shifts must be between 1 and 47"
    if int(np.abs(t["weight_zero_point"].astype(np.int64)).max()) >> 24:
        return "weight zero points must fit 24 bits"
    if x.encoding != "uniform" or x.signed or op.output.encoding != "uniform":
        return "input and output must be codes"
    if (a["input_zero_point"], a["input_top"]) != (x.zero_point, x.limits()[1]):
        return f"zero point and top of the input are {x.zero_point} and {x.limits()[1]}"
    weight = t["weight"].astype(np.int64) - t["weight_zero_point"][:, np.newaxis]
    reach = max(x.zero_point, x.limits()[1] - x.zero_point)
    bias = t["bias"].astype(np.int64) + x.zero_point * weight.sum(axis=1)
    bound = int((np.abs(weight).sum(axis=1) * reach + np.abs(bias)).max())
    return _bound(a["accumulator_bound"], bound)


def _bound(stated, derived):
    if stated != derived:
        return f"accumulator bound is {derived}, not {stated}"
    return None if stated < 1 << 31 else f"accumulator bound {stated} does not fit 32 bits"


def _reach(tensor):
    low, high = tensor.limits()
    return max(tensor.zero_point - low, high - tensor.zero_point)


def _heads(op, x):
    heads = op.attributes["heads"]
    if heads < 1 or len(x.shape) < 2 or x.shape[-1] % heads:
        return f"{heads} heads do not divide the shape {x.shape}"
    return None


def _query_key(op, q, k):
    a, shape = op.attributes, (*q.shape[:-2], op.attributes["heads"], *q.shape[-2:-1] * 2)
    if problem := _heads(op, q):
        return problem
    if q.shape != k.shape or op.output.shape != shape:
        return f"q {q.shape}, k {k.shape} and output {op.output.shape} do not fit"
    if (a["q_zero_point"], a["k_zero_point"]) != (q.zero_point, k.zero_point):
        return "zero points are not those of its inputs"
    bound = _reach(q) * _reach(k) * (q.shape[-1] // a["heads"])
    if problem := _bound(a["product_bound"], bound):
        return problem
    if problem := _bias_and_mask(op, shape):
        return problem
    if "bias" in op.tensors:
        bound += int(np.abs(op.tensors["bias"].astype(np.int64)).max())
    if "multiplier" in a:
        given = [a.get(name) for name in ("multiplier", "shift", "width")]
        if not all(type(n) is int for n in given) or not (
                1 <= a["multiplier"] < 1 << 18 and 1 <= a["shift"] <= 47
                and a["width"] == op.output.bits and op.output.signed):
            return "multiplier, shift and width must be those of signed logits"
    elif op.output.encoding != "accumulator" or op.output.bound != bound:
        return f"output must be accumulators of at most {bound}"
    return _bound(a["accumulator_bound"], bound)


def _bias_and_mask(op, shape):
    for role, size in (("bias", shape[-3:]), ("mask", (*shape[:-3], *shape[-2:]))):
        if role in op.tensors and op.tensors[role].shape != size:
            return f"{role} must have the shape {size}, not {op.tensors[role].shape}"
    return None


def _softmax(op, logits):
    a = op.attributes
    if op.output.shape != logits.shape or op.output.encoding != "log_sqrt2":
        return "output must be log_sqrt2 codes of the input's shape"
    if a["zero_code"] not in ZERO_CODES or not 2 <= op.output.bits <= 8:
        return f"zero code {a['zero_code']!r} with {op.output.bits} bits is not possible"
    if not 0 < a["threshold_b"] <= a["threshold_a"] <= 2 * a["threshold_b"]:
        return "thresholds must satisfy 0 < b <= a <= 2 * b"
    if op.kind == "softmax_float":
        return _bias_and_mask(op, logits.shape)
    if (a["bits"], a["width"]) != (op.output.bits, logits.bits) or not logits.signed:
        return "bits and width must be those of its output and input"
    if not (2 <= a["rom_bits"] <= 12 and 8 <= a["exp_bits"] <= 22 and 1 <= a["shift"] <= 47
            and 0 < a["multiplier"] < 1 << 18 and 0 <= a["threshold_shift"] <= 62
            and a["threshold_a"] <= 1 << 32):
        return "a parameter is out of range"
    if logits.shape[-1] << a["exp_bits"] >= softmax.SUM_LIMIT:
        return f"rows of {logits.shape[-1]} logits are too long"
    return None


def _attention_value(op, codes, v):
    a = op.attributes
    if problem := _heads(op, v):
        return problem
    shape = (*v.shape[:-2], a["heads"], *v.shape[-2:-1] * 2)
    if codes.shape != shape or op.output.shape != v.shape:
        return f"codes {codes.shape}, v {v.shape} and output {op.output.shape} do not fit"
    if (codes.encoding, codes.bits, v.zero_point) != (
            "log_sqrt2", a["softmax_bits"], a["v_zero_point"]) or (
            a["zero_code"] not in ZERO_CODES):
        return "attributes are not those of its inputs"
    m = a["multipliers"]
    if len(m) != 3 or not all(type(n) is int for n in m) or not (
            0 <= m[0] < 1 << 18 and 0 <= m[1] < 1 << 18 and 1 <= m[2] <= 47):
        return f"multipliers must be two of 18 bits and a shift, not {m}"
    most = attention_value.bound(v.shape[-2], _reach(v), bits=codes.bits,
                                 zero_code=a["zero_code"])
    stated = a["accumulator_bound"]
    return None if 0 < stated < 1 << 31 and stated <= most else (
        f"accumulator bound {stated} must be above 0, below 2**31 and at most {most}")


def _layer_norm(op, x):
    if op.output.shape != x.shape or op.output.encoding not in ("uniform", "float64"):
        return "output must have the input's shape"
    bad = [role for role, array in op.tensors.items() if array.shape != x.shape[-1:]]
    if bad:
        return f"{bad[0]} must have the shape {x.shape[-1:]}"
    if op.kind == "layernorm_float":
        return None if op.attributes["epsilon"] > 0 else "epsilon must be above 0"
    if not x.signed or x.shape[-1] > 1 << 13 or (
            not 0 <= op.attributes["shift"] <= 47 or op.attributes["epsilon"] < 1):
        return "needs a signed stream of at most 8192 channels, shift 0 to 47, epsilon above 0"
    if int(np.abs(op.tensors["gain"]).max()) >> 16 or int(np.abs(op.tensors["offset"]).max()) >> 40:
        return "gains must be below 2**16, offsets below 2**40"
    return None


def _table(op, codes):
    entries, (low, high) = op.tensors["table"], op.output.limits()
    if codes.signed or entries.shape != (1 << codes.bits,) or op.output.shape != codes.shape:
        return f"table must have {1 << codes.bits} entries and keep the shape"
    if int(entries.min()) < low or int(entries.max()) > high:
        return f"table entries must be between {low} and {high}"
    return None


def _embed(op, tokens):
    constants, (low, high) = op.tensors["constants"], op.output.limits()
    if constants.shape != op.output.shape or len(tokens.shape) != len(constants.shape) or (
            tokens.shape[1:] != constants.shape[1:] or tokens.shape[0] > len(constants)):
        return f"constants {constants.shape} do not fit tokens {tokens.shape}"
    if op.kind == "embed" and not low <= int(constants.min()) <= int(constants.max()) <= high:
        return f"constants must be between {low} and {high}"
    if op.kind == "embed":
        return _same_codes(op.output, tokens)
    return None if constants.dtype == np.int16 else (
        f"constants must be int16 codes, not {constants.dtype}")


def _add(op, stream, branch):
    if not op.output.shape == stream.shape == branch.shape:
        return f"shapes {stream.shape}, {branch.shape} and {op.output.shape} must be equal"
    if op.kind == "add_float":
        return None
    return _same_codes(op.output, stream) or _same_codes(op.output, branch)


def _select(op, x):
    tokens = op.attributes["tokens"]
    if not all(type(n) is int and 0 <= n < x.shape[0] for n in tokens) or (
            op.output.shape != (len(tokens), *x.shape[1:])):
        return f"tokens {tokens} do not fit {x.shape} and {op.output.shape}"
    return _same_codes(op.output, x)


def _gather(op, x):
    index, size = op.tensors["index"], prod(x.shape[:-1])
    if index.size * x.shape[-1] != prod(op.output.shape):
        return f"{index.size} tokens do not fit {x.shape} and {op.output.shape}"
    if not 0 <= int(index.min()) <= int(index.max()) < size:
        return f"index must be between 0 and {size - 1}"
    return _same_codes(op.output, x)


def _real(op, x):
    return None if op.output.shape == x.shape else "input and output must have one shape"


def _pool(op, x):
    if len(x.shape) != 2 or op.output.shape != (1, x.shape[-1]):
        return f"input {x.shape} and output {op.output.shape} do not fit"
    if op.kind == "pool_float":
        return None
    a = op.attributes
    if not (0 <= a["multiplier"] < 1 << 18 and 1 <= a["shift"] <= 47) or (
            a["input_zero_point"] != x.zero_point):
        return "multiplier, shift or zero point is out of range"
    return _bound(a["accumulator_bound"], x.shape[0] * _reach(x))


def _average(op, *heads):
    shape = heads[0].shape
    if any(head.shape != shape for head in heads) or op.output.shape != (prod(shape),):
        return "heads must have one shape, and the output all of their logits"
    if op.kind == "average":
        return None if not any(_same_codes(head, heads[0]) for head in heads) else (
            "heads must have the same codes")
    a = op.attributes
    real = [*a["scales"], *a["zero_points"]]
    if any(isinstance(n, bool) or not isinstance(n, (int, float)) for n in real) or not (
            len(a["scales"]) == len(a["zero_points"]) == len(heads)):
        return "needs a scale and a zero point for each head"
    return None


_CHECKS = {
    "patches": _patches, "linear": _linear, "query_key": _query_key, "softmax": _softmax,
    "softmax_float": _softmax, "attention_value": _attention_value, "layernorm": _layer_norm,
    "layernorm_float": _layer_norm, "table": _table, "embed": _embed, "embed_float": _embed,
    "gather": _gather, "real_float": _real, "pool": _pool, "pool_float": _pool,
    "add": _add, "add_float": _add, "select": _select, "average": _average,
    "average_float": _average,
}
