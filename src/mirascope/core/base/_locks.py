"""Locks that a forked child can take."""

from __future__ import annotations

import os
from threading import RLock


def lock_over_forks() -> RLock:
    """A lock for what a process makes once; the thread that holds it may take it again.

    Forking waits until no other thread holds it. A child has none of its parent's other threads:
    one that holds a lock at that moment would hold it in the child for ever, and what it was making
    would stay half made.
    """
    lock = RLock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(
            before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release
        )
    return lock
