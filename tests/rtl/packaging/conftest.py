"""Packages that several files of tests read."""

import pytest

from vit2rtl.golden.units import UNITS, Instance
from vit2rtl.rtl.packaging.package import write_package

from .built import AREA, CLAIM


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """The package of every unit, three lanes, tables of 24 channels."""
    root = tmp_path_factory.mktemp("packages")
    for unit in UNITS:
        write_package(
            Instance.of(unit, lanes=3), root / unit, channels=24, area=[AREA], claims=[CLAIM]
        )
    return root


@pytest.fixture(params=UNITS)
def folder(request, packages):
    return packages / request.param
