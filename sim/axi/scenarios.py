"""What the benches of an AXI4-Lite top do: one function a case, on any top."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, repeat
from typing import Any

from vit2rtl.sim.axi.accesses import Accesses
from vit2rtl.sim.axi.top import Top

QUEUED = 4  # requests, or items of data, that wait at most
ITEMS = 18  # of one session
DRAINED = 64  # beats, and more than fit inside
READS, WRITES = 0.15, 0.08  # of a cycle of noise
# Whether a reset meets enabled streams, and the request that it catches, see _caught.
CAUGHT = ((True, "b"), (True, "r"), (False, "b"), (True, "aw"), (False, "r"), (True, ""),
          (False, ""))


async def registers(top: Top, turn: int) -> None:
    """Reset values, every address, then reads and writes of everything at once."""
    access = Accesses(top)
    access.read(access.words)
    await top.settled()
    if turn == 0:
        for address in (*access.lone, *access.words):
            access.junk(address)
            access.read([address])
        await top.settled()
        await access.stopped()
    for _ in range(120):
        await top.until(lambda: len(top.manager.writes) < QUEUED)
        await top.until(lambda: len(top.manager.reads) < QUEUED)
        access.anything()
    await top.settled()
    access.read(access.words)
    await top.settled()


async def traffic(top: Top, turn: int) -> None:
    """Configuration and tables, then data under them with all that may happen beside."""
    access = Accesses(top)
    settings = top.task["settings"]
    setting = settings[turn % len(settings)]
    if turn == 0 and top.task["long"]:
        await _every_row(top, access)
    for session, beats in enumerate(setting["row_beats"]):
        if session < 2 or top.rng.random() < 0.3:
            await access.configure(setting, beats)
        else:
            access.row_beats(beats)
            await top.settled()
        for blocked in (session % 2 == 0, session % 2 == 1)[: 1 if session else 2]:
            await _session(top, access, Feed(top, setting, beats), blocked)


async def _every_row(top: Top, access: Accesses) -> None:
    """All rows of the channel tables, one after the other and beyond the last."""
    top.paced("never")
    setting = top.task["long"]
    await access.configure(setting, 0)
    for beats in setting["row_beats"]:
        access.row_beats(beats)
        await access.control(1)
        for n in range(top.task["map"]["rows"] + 3):
            top.streams.send(setting["items"][n % len(setting["items"])], last=False)
        top.streams.send(setting["items"][0])
        await top.until(lambda: not top.streams.pending)
        await access.control(0)


async def _session(top: Top, access: Accesses, feed: "Feed", blocked: bool) -> None:
    """From stopped to stopped: flow, a blocked output, a pause, a slow end."""
    top.noise = access.noise_of(READS, WRITES)
    await access.control(1)
    await feed.pass_(ITEMS)
    await _blocked(top, feed)
    top.noise = access.noise_of(READS, 0)
    await top.settled()
    with held_back(top, blocked):
        await feed.queued(QUEUED)
        await top.steps(top.rng.randint(1, 6))
        await access.control(0)
        await top.steps(top.rng.randint(0, 6))
        await access.control(1)
    top.noise = access.noise_of(READS, WRITES)
    await feed.pass_(ITEMS // 2)
    top.noise = access.noise_of(READS, 0)
    await _stopped_and_busy(top, access, feed)
    await access.control(1)
    await top.until(lambda: not top.streams.pending)
    if top.task["rowwise"]:
        await _stopped_around_a_row(top, access, feed)
    await access.control(0)
    top.noise = lambda: None
    await top.read(access.status)


@contextmanager
def held_back(top: Top, outputs: bool = True) -> Iterator[None]:
    """Meanwhile the outputs take nothing, and the sources never pause."""
    channels = list(top.streams.channels.values())
    before = [channel.pauses for channel in channels]
    for channel in channels if outputs else ():
        channel.pauses = repeat(channel in top.streams.receivers.values())
    yield
    for channel, pauses in zip(channels, before, strict=True):
        channel.pauses = pauses


async def _blocked(top: Top, feed: "Feed") -> None:
    """The outputs take nothing until all that fits is inside, and longer."""
    with held_back(top):
        await feed.queued(top.task["depth"] + QUEUED)
        await top.steps(2 * top.task["depth"] + 8)


async def _stopped_and_busy(top: Top, access: Accesses, feed: "Feed") -> None:
    """Stopped with beats inside: writes are refused, and busy ends with the last beat."""
    some = top.rng.sample(access.stored, min(24, len(access.stored)))
    with held_back(top):
        await feed.queued(QUEUED + top.task["depth"])
        await top.until(lambda: top.streams.busy)
        await top.steps(top.rng.randint(0, top.task["depth"] + 2))
        await access.control(0)
        for address in some:
            access.junk(address)
        access.read([access.status, *some])
        await top.settled()
        # A row that has begun ends only when there is more of it.
        drained = 0 if top.task["rowwise"] else DRAINED
        for _ in range(drained):
            if not top.streams.busy:
                break
            for receiver in top.streams.receivers.values():
                receiver.pauses = chain([False], repeat(True))
            await top.steps(2)
            await top.read(access.status)
        if drained and top.streams.busy:
            top.note("stuck: beats inside do not come out while stopped")
    if not top.streams.busy:
        access.rewrite()
        await top.settled()


async def _stopped_around_a_row(top: Top, access: Accesses, feed: "Feed") -> None:
    """Stopped when part of a row has gone in, and when all has: then what it makes comes out."""
    senders = top.streams.senders.values()
    await feed.queued(1)
    await top.until(lambda: top.streams.packet or not any(s.waiting for s in senders))
    before = [sender.pauses for sender in senders]
    for sender in senders:
        sender.pauses = repeat(True)
    await access.control(0)
    for sender, pauses in zip(senders, before, strict=True):
        sender.pauses = pauses
    await access.control(1)
    await top.until(lambda: not any(s.waiting for s in senders))
    with held_back(top):
        await access.control(0)
    await top.until(lambda: not top.streams.busy)


async def resets(top: Top, turn: int) -> None:
    """Reset out of every state; what comes after begins anew."""
    access = Accesses(top)
    settings = top.task["settings"]
    for case, (enable, answers) in enumerate(CAUGHT):
        setting = settings[(case + turn) % len(settings)]
        await access.configure(setting, setting["row_beats"][case % len(setting["row_beats"])])
        feed = Feed(top, setting, setting["row_beats"][0])
        with held_back(top, enable and case % 2 == 0):
            if enable:
                await access.control(1)
                await feed.queued(QUEUED + top.task["depth"])
                await top.until(lambda: top.streams.busy)
                await top.steps(top.rng.randint(0, top.task["depth"]))
            else:
                await feed.queued(2)
                access.partly_loaded()
                await top.settled()
            await _caught(top, access, answers)
            await top.reset(1 + case % 2 * 2, willing=(case // 2 + turn) % 2 == 0)
        if case % 3 == 0:
            await feed.queued(1)
            await top.steps(top.task["depth"] + 4)
        access.read(access.words)
        await top.settled()
        if case % 3 == 0:  # a beat waits, and what comes is of another setting
            await top.reset(1)


async def _caught(top: Top, access: Accesses, held: str) -> None:
    """A request that the reset will catch: an answer on offer, or an address without its data."""
    if not held:
        return
    channel = top.manager.channels["w" if held == "aw" else held]
    before, channel.pauses = channel.pauses, repeat(True)
    if held == "r":
        top.manager.read(access.status)
        await top.until(lambda: top.manager.r.held is not None)
    else:
        access.junk(access.stored[0] if access.stored else access.status)
        await top.until(
            lambda: top.manager.aw.offered is not None if held == "aw"
            else top.manager.b.held is not None)
    channel.pauses = before


class Feed:
    """Items of a setting in random order, with ``last`` where the channel tables would end."""

    def __init__(self, top: Top, setting: dict[str, Any], beats: int) -> None:
        self.top, self.setting, self.beats = top, setting, beats
        self.since = 0

    def send(self) -> None:
        top = self.top
        rows = self.setting["used"]
        self.since += 1
        forced = self.since >= rows and rows < top.task["map"]["rows"] and not (
            0 < self.beats <= rows)
        last = forced or top.task["rowwise"] or top.rng.random() < 0.15
        self.since = 0 if last else self.since
        top.streams.send(top.rng.choice(self.setting["items"]), last)

    async def queued(self, count: int) -> None:
        """So many wait, or have gone in."""
        for _ in range(count):
            self.send()
        await self.top.step()

    async def pass_(self, count: int) -> None:
        """Send so many, and wait until most are inside or out."""
        top = self.top
        senders = top.streams.senders.values()
        for _ in range(count):
            await top.until(lambda: all(s.waiting < QUEUED for s in senders))
            self.send()
        await top.until(lambda: all(s.waiting < 2 for s in senders))
