"""One cache of compiled benches for all tests and workers; Ctrl-C as in a terminal."""

import os
import signal

import pytest


def pytest_configure():
    """What a script starts with & inherits SIGINT as ignored, and so would all that we start."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def build_cache(tmp_path_factory):
    """Never the user's cache; one folder for all of pytest-xdist's workers."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "vit2rtl-cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VIT2RTL_CACHE", str(folder))
        yield folder
