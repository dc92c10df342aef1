"""What can be set of a quantization, and its checks: all of it without torch."""

from collections.abc import Collection

# Methods, and the options that not all of them have.
OPTIONS = {
    "repq": ("profile", "layernorm", "softmax"),
    "closed-form": ("without", "mirrors"),
    "fq": ("profile", "softmax_bits"),
    "ptq4vit": ("profile", "hessian", "candidates", "rounds"),
    "apq": ("hessian", "candidates", "rounds"),
    "psaq": (),
    "ranking": ("candidates", "rounds"),
}
METHODS = tuple(OPTIONS)
# Of each option, whichever method has it; a test holds the methods' own to it.
DEFAULTS: dict[str, str | int | bool] = {
    "profile": "hardware", "layernorm": "reparam", "softmax": "log-sqrt2", "without": "",
    "mirrors": False, "softmax_bits": 4, "hessian": "fisher", "candidates": 100, "rounds": 3,
    "symmetric_weights": False,
}
# Those whose weights may have zero points or none; others have none.
EITHER_WEIGHTS = ("repq", "closed-form")
# Where any weight or activation has so many bits or fewer, the default is closed-form.
FEW_BITS = 6
# Which arithmetic, and which quantizers behind LayerNorm and Softmax: see methods/repq.py.
PROFILES = ("official", "paper", "hardware")
LAYERNORMS = ("layer-wise", "channel-wise", "reparam")
SOFTMAXES = ("uniform", "log2", "log-sqrt2")
# Whose squares weigh errors: see methods/ptq4vit.py.
HESSIANS = ("fisher", "authors")
# Of method closed-form, see methods/closed_form.py; each can be left out.
STEPS = (
    "transform", "ranges", "softmax", "head", "ridge", "residual", "gptq", "descent", "bias")


def default_method(fewest_bits: int, options: Collection[str] = ()) -> str:
    """The method where none is named.

    fewest_bits   of any weight or activation, see :func:`vit2rtl.quantization.widths.fewest`
    options       those that are given: they choose the first method that has all of them, or one
    """
    named = {*options} & {option for own in OPTIONS.values() for option in own}
    if not named:
        return "closed-form" if fewest_bits <= FEW_BITS else "repq"
    return max(METHODS, key=lambda method: len(named.intersection(OPTIONS[method])))


def check_steps(text: str) -> None:
    """ValueError unless these are steps of method closed-form, with commas between them."""
    if not isinstance(text, str):
        raise ValueError(f"Steps to leave out must be text, not {text!r}")
    for name in [part.strip() for part in text.split(",")] if text else []:
        if name not in STEPS:
            raise ValueError(f"Steps to leave out must be of {', '.join(STEPS)}, not {name!r}")


def check_search(candidates: int, rounds: int, hessian: str = HESSIANS[0]) -> None:
    """ValueError unless a search can have so many candidates and rounds, and such weights."""
    if hessian not in HESSIANS:
        raise ValueError(f"Hessian must be one of {', '.join(HESSIANS)}, not {hessian!r}")
    for title, value, most in (("Candidates", candidates, 1000), ("Rounds", rounds, 10)):
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
            raise ValueError(f"{title} must be an integer between 1 and {most}, not {value!r}")


def check_bits(title: str, value: int) -> None:
    """ValueError unless a width is one that weights and activations can have."""
    if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value <= 8:
        raise ValueError(f"{title} must be an integer between 2 and 8, not {value!r}")
