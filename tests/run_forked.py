"""What `tests/test_examples.py` has a forked process do: be the process of one program.

The names that it does not define are given to it: `program`, `environment`, and `output`, the
folder for what the program prints.
"""

import os
import runpy
import sys
from pathlib import Path

os.environ.clear()
os.environ.update(environment)  # type: ignore[name-defined] # noqa: F821
folder = Path(output)  # type: ignore[name-defined] # noqa: F821
for stream, name in ((sys.stdout, "stdout"), (sys.stderr, "stderr")):
    stream.flush()
    with (folder / name).open("w") as file:
        os.dup2(file.fileno(), stream.fileno())
sys.argv = [program]  # type: ignore[name-defined] # noqa: F821
sys.path.insert(0, os.path.dirname(program))  # type: ignore[name-defined] # noqa: F821
runpy.run_path(program, run_name="__main__")  # type: ignore[name-defined] # noqa: F821
