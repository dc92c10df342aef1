"""Names of models: as timm takes them, and what somebody may have meant by one."""

import difflib
from functools import cache
from itertools import islice

from vit2rtl.models import architectures, hub
from vit2rtl.models.families import FAMILIES
from vit2rtl.models.family import Family
from vit2rtl.models.library import timm

_HUBS = ("hf_hub:", "hf-hub:")
_TIMMS_OWN = "timm/"
_SUGGESTIONS = 3
# Letters of a part of a name that says what is meant.
_LEAST = 4
# How alike a name's beginning must be for it to be meant.
_ALIKE = 0.8


def resolved(name: str) -> str:
    """A name in timm's registry, or one of a hub.

    ``hf_hub:timm/<name>`` is where timm itself downloads ``<name>`` from: no hub needs to be asked.

    raises   ValueError, one sentence with suggestions, for what timm does not know
    """
    hub = next((prefix for prefix in _HUBS if name.startswith(prefix)), None)
    own = name.removeprefix(f"{hub}{_TIMMS_OWN}") if hub else name
    if timm.is_model(own):
        return own
    if hub and own == name and len(name) > len(hub):
        _require_configuration(name, name.removeprefix(hub))
        return name
    meant = " or ".join(_meant(own))
    raise ValueError(f"timm has no model {name!r}{f'; did you mean {meant}?' if meant else ''}")


def _require_configuration(name: str, place: str) -> None:
    """Ask the hub for a model's architecture: ValueError where it is silent or timm has none."""
    try:
        with hub.reached():
            _, architecture, _ = timm.models.load_model_config_from_hf(place)
    except Exception as error:
        raise ValueError(f"Could not download the configuration of {name} "
                         f"({architectures.first_line(error)})") from error
    if not timm.is_model(architecture):
        raise ValueError(f"{name} is a {architecture!r}, which timm does not have")


@cache
def candidates() -> dict[str, Family]:
    """timm's names from the files that define the families' types, and their family: there are no
    others among which a supported one can be."""
    files = {kind.__module__.rpartition(".")[2]: family
             for family in FAMILIES.values() for kind in family.types}
    return {name: family for file, family in files.items()
            if file in timm.models.list_modules() for name in timm.list_models(module=file)}


def _meant(name: str) -> list[str]:
    """Supported names close to one that there is not: first those that begin with it, or nearly
    so, the shortest first."""
    known = candidates() if name else {}
    rated = []
    for other in known:
        alike = difflib.SequenceMatcher(None, name, other[:len(name)]).ratio()
        if alike >= _ALIKE:
            rated.append((-alike, len(other), other))
    supported = (other for _, _, other in sorted(rated)
                 if architectures.problem(other, known[other].one_block) is None)
    meant = [*islice(supported, _SUGGESTIONS)]
    if meant or len(name) < _LEAST:
        return meant
    within = sorted((other for other in known if name in other), key=len)
    return [*islice((other for other in within
                     if architectures.problem(other, known[other].one_block) is None),
                    _SUGGESTIONS)]
