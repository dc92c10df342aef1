"""The engine at the level of instructions: a command stream and an image to logits.

Units run in a random order, a few words at a time, with queues and buffers as small as asked, and
memories begin with garbage: what comes out right in many orders does not depend on one.
"""

from vit2rtl.golden.engine.executor.machine import Run, execute

__all__ = ["Run", "execute"]
