"""The comparison with other libraries works, here between the library and the bare SDK only."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


@pytest.fixture(scope="module")
def comparison() -> Any:
    """The modules of the comparison, and a run of it through real processes."""
    before = set(sys.modules)
    sys.path.insert(0, str(BENCHMARKS))
    try:
        import _peers_report
        import peers as libraries

        source = (BENCHMARKS / "peers.py").read_text()
        driver: dict[str, Any] = {
            "__name__": "peers_driver",
            "__file__": str(BENCHMARKS / "peers.py"),
        }
        module = type(sys)("peers_driver")
        module.__dict__.update(driver)
        sys.modules["peers_driver"] = module
        exec(compile(source, str(BENCHMARKS / "peers.py"), "exec"), module.__dict__)
        module.TIMES.update(dict.fromkeys(module.TIMES, 1))
        names = (libraries.BARE, libraries.OURS)
        chosen = {name: libraries.LIBRARIES[name] for name in (*names, "llm_models")}
        run = module.run(
            dict.fromkeys(names, sys.executable), 1, {"llm_models": "not installable: no network"}
        )
        yield _peers_report, chosen, run, module
    finally:
        sys.path[:] = [path for path in sys.path if path != str(BENCHMARKS)]
        own = {path.stem for path in BENCHMARKS.iterdir()}
        for name in set(sys.modules) - before:
            if name.partition(".")[0] in own:
                del sys.modules[name]


def test_every_shape_is_measured_for_the_library_and_is_one_for_the_bare_sdk(
    comparison: Any,
) -> None:
    report, _, run, _ = comparison
    for shape, clock in report.COLUMNS:
        ratios = run.ratios(shape, clock)
        assert set(ratios) == {"bare_openai", "everscope"}, run.missing
        assert ratios["bare_openai"] == 1.0
        assert 0.01 < ratios["everscope"] < 20
    assert run.versions["bare_openai"]["openai"]


def test_the_table_has_a_figure_for_each_shape_and_the_reason_where_there_is_none(
    comparison: Any, tmp_path: Path
) -> None:
    report, libraries, run, peers = comparison
    document = tmp_path / "page.md"
    document.write_text("before\n<!-- peers:start -->\nold\n<!-- peers:end -->\nafter\n")
    peers.write_between(document, "peers", report.table(run, libraries))
    text = document.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "old" not in text
    assert "| OpenAI SDK | 1.00 | 1.00 |" in text
    assert "| LLM | n/a |" in text
    assert "not installable: no network" in text
    with pytest.raises(ValueError, match="other:start"):
        peers.write_between(document, "other", "")


def test_the_picture_has_a_bar_for_each_figure_and_ours_stands_out(comparison: Any) -> None:
    report, libraries, run, _ = comparison
    picture = ElementTree.fromstring(report.picture(run, libraries, "everscope"))
    bars = [bar.get("class") for bar in picture.iter("{http://www.w3.org/2000/svg}rect")]
    assert bars.count("ours") == bars.count("bare") == len(report.COLUMNS)


def test_a_result_that_is_not_the_expected_one_is_not_measured(
    comparison: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, _, driver = comparison
    monkeypatch.setitem(driver.EXPECTED, "call", "something else")
    with (
        driver.fixed_replies() as address,
        driver.worker("everscope", sys.executable, address) as w,
    ):
        assert w.read()["versions"]
        w.check("call")
        w.check("tools")
    assert "another result" in w.missing["call"]
    assert "tools" not in w.missing
