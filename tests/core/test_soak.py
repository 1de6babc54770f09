"""A few hundred of the calls of `make soak`, with every warning an error."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = Path(__file__).parents[2] / "benchmarks" / "soak.py"


# Some 20 s of work, of which a busy machine makes minutes.
@pytest.mark.timeout(500)
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_calls_of_every_kind_lose_and_leave_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", SOAK, "--calls", "400"],
        capture_output=True,
        text=True,
        timeout=450,
    )
    assert done.stderr == ""
    assert done.returncode == 0, done.stdout
    kinds = re.findall(r"^ *(\d+) (?:calls|streams) \w+$", done.stdout, re.MULTILINE)
    assert len(kinds) == 7
    assert sum(map(int, kinds)) == 400
