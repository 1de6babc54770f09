"""What surrounds a call and holds for it, wherever it is awaited or iterated over later."""

from __future__ import annotations

from typing import NamedTuple

from ._controls import Control, ambient
from ._media_policy import MediaPolicy, media_policy


class Scope(NamedTuple):
    """What was in force when a call was made."""

    policy: MediaPolicy
    """What the call may load from files and the network."""
    controls: tuple[Control, ...] = ()
    """What its requests have to pass."""


def scope_now() -> Scope:
    """What is in force."""
    return Scope(media_policy(), ambient.get())
