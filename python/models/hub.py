"""The Hugging Face hub, as far as it can be reached."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit
from urllib.request import getproxies


@contextmanager
def reached() -> Iterator[None]:
    """Where no name server knows the hub, its client looks into its cache alone: it would try
    again and again for half a minute."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not _known(urlsplit(constants.ENDPOINT).hostname or "")
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


def _known(host: str) -> bool:
    """Whether the host has an address, or a proxy may know it."""
    if "https" in getproxies():
        return True
    try:
        return bool(socket.getaddrinfo(host, 443))
    except OSError:
        return False
