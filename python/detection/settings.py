"""What can be set of a detector's quantization beside the recipe; none of it needs torch."""

# What is quantized: as the authors the whole detector, or the backbone alone.
SCOPES = ("all", "backbone")
# Of the methods, the one that is made for what a detector has.
METHOD = "repq"
# That calibrate by default, as in the paper.
CALIBRATION_IMAGES = 1


def check_scope(scope: str) -> None:
    """ValueError unless it is one of them."""
    if scope not in SCOPES:
        raise ValueError(f"Scope must be one of {', '.join(SCOPES)}, not {scope!r}")


def check_method(method: str) -> None:
    """ValueError for another method."""
    if method != METHOD:
        raise ValueError(f"Detectors are quantized by method {METHOD}, not {method!r}")
