"""Why an operation did not do what was asked, named for what the caller should do next.

Texts are for people, and hold no EC ID, UID, consent string or stored text.
"""

from __future__ import annotations

from typing import ClassVar


class GraphError(Exception):
    """The base of every error of the graph. Every operation may be called again after any of them."""

    #: Its name in the contract.
    code: ClassVar[str]

    def __init__(self, why: str = "") -> None:
        super().__init__(why or self.code)
        #: What the component says about it; empty where the name says all.
        self.why = why


class InvalidArgument(GraphError, ValueError):
    """An argument breaks a documented rule; nothing reached the store. Correct the argument."""

    code = "invalid-argument"


class NoSuchStore(GraphError):
    """The store says that it does not exist. Correct the configuration."""

    code = "no-such-store"


class AlreadyExists(GraphError):
    """`create` only: the key holds an entry, or a tombstone."""

    code = "already-exists"


class Corrupt(GraphError):
    """The stored row is no entry: `inspect` shows it, a withdrawal or a delete removes it."""

    code = "corrupt"


class TooLarge(GraphError):
    """The row would grow beyond 64 KiB of body or 2,000 bytes of metadata; it is unchanged."""

    code = "too-large"


class Conflict(GraphError):
    """Other writers won, or reads lag. Nothing was written; call again later, not at once."""

    code = "conflict"


class Throttled(GraphError):
    """Refused for its rate. Nothing was written; keep what you have and call again later."""

    code = "throttled"


class Unavailable(GraphError):
    """The store failed; a write may have been applied. `__cause__` is what the store raised, if it did."""

    code = "unavailable"
