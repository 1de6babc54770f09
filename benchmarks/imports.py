"""What importing the library costs, in CPU, in fresh processes: nothing but what is used.

python benchmarks/imports.py             the best and the median of 15 processes each
python benchmarks/imports.py --json
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import asdict, dataclass
from importlib.util import find_spec

SDKS = ("openai", "anthropic", "google.genai", "groq", "cohere", "litellm", "boto3", "aiobotocore")
FIRST_USE = {
    "openai": "import openai; openai.OpenAI(api_key='-').chat.completions",
    "anthropic": "import anthropic; anthropic.Anthropic(api_key='-').messages",
}
"""Provider: its SDK, made ready for a call."""

CHILD = """
import time, sys
started, before = time.process_time(), len(sys.modules)
{statement}
print(time.process_time() - started, len(sys.modules) - before,
      *[name for name in {sdks} if name in sys.modules])
"""


@dataclass(frozen=True)
class Import:
    """CPU seconds of a statement in a fresh interpreter, the modules it loads, which SDKs."""

    statement: str
    best: float
    median: float
    modules: int
    sdks: list[str]


def measure(statement: str, processes: int) -> Import:
    runs = [_in_fresh_process(statement) for _ in range(processes + 1)][1:]
    seconds = [float(run[0]) for run in runs]
    return Import(
        statement, min(seconds), statistics.median(seconds), int(runs[-1][1]), runs[-1][2:]
    )


def _in_fresh_process(statement: str) -> list[str]:
    code = CHILD.format(statement=statement, sdks=SDKS)
    # Byte code has to be kept, or every process would compile all it imports.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    output = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
    return output.split()


def statements() -> list[tuple[str, str]]:
    """Pairs of a reference and what is compared with it."""
    pydantic = "import pydantic; pydantic.BaseModel"
    pairs = [
        (pydantic, "from mirascope import llm"),
        (pydantic, "from mirascope import llm; llm.call"),
    ]
    for provider, ready in FIRST_USE.items():
        if find_spec(provider):
            ours = f"from mirascope.core import {provider}; {provider}.call"
            pairs += [(f"import {provider}", ours), (ready, f"{ready}; {ours}")]
    return pairs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--processes", type=int, default=15, help="processes a statement")
    parser.add_argument("--json", action="store_true", help="print JSON in the place of a table")
    options = parser.parse_args()
    pairs = statements()
    wanted = dict.fromkeys(statement for pair in pairs for statement in pair)
    found = {statement: measure(statement, options.processes) for statement in wanted}
    if options.json:
        print(json.dumps([asdict(row) for row in found.values()], indent=2))
        return
    width = max(map(len, found))
    print(f"{'':{width}}{'best':>10}{'median':>10}  modules  SDKs")
    for row in found.values():
        print(
            f"{row.statement:{width}}{row.best * 1e3:7.0f} ms{row.median * 1e3:7.0f} ms"
            f"{row.modules:9}  {', '.join(row.sdks) or '-'}"
        )
    print()
    for reference, statement in pairs:
        ratio = found[statement].best / found[reference].best
        print(f"{ratio:5.2f} × `{reference}`:  `{statement}`")


if __name__ == "__main__":
    main()
