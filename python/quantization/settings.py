"""What can be set of a quantization, and its checks: all of it without torch."""

# Which arithmetic, and which quantizers behind LayerNorm and Softmax: see methods/repq.py.
METHODS = ("repq", "closed-form")
PROFILES = ("official", "paper", "hardware")
LAYERNORMS = ("layer-wise", "channel-wise", "reparam")
SOFTMAXES = ("uniform", "log2", "log-sqrt2")
# Of method closed-form, see methods/closed_form.py; each can be left out.
STEPS = (
    "transform", "ranges", "softmax", "head", "ridge", "residual", "gptq", "descent", "bias")


def check_steps(text: str) -> None:
    """ValueError unless these are steps of method closed-form, with commas between them."""
    if not isinstance(text, str):
        raise ValueError(f"Steps to leave out must be text, not {text!r}")
    for name in [part.strip() for part in text.split(",")] if text else []:
        if name not in STEPS:
            raise ValueError(f"Steps to leave out must be of {', '.join(STEPS)}, not {name!r}")


def check_bits(title: str, value: int) -> None:
    """ValueError unless a width is one that weights and activations can have."""
    if isinstance(value, bool) or not isinstance(value, int) or not 2 <= value <= 8:
        raise ValueError(f"{title} must be an integer between 2 and 8, not {value!r}")
