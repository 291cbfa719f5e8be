"""Each detector of the list runs, and finds what is plain to see."""

import json
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from tests.source_tree import ROOT
from trainer.compared.names import COMPARED


def test_every_detector_gives_finite_scores_and_finds_the_outlier() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", Path(__file__).with_name("judge_all.py")],
        # Compiling takes longer than running these few rows as they are written.
        env=os.environ | {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    results = json.loads(ended.stdout)
    assert sorted(results) == sorted(n for n, one in COMPARED.items() if not one.extra)
    assert {n: r["failure"] for n, r in results.items() if r["failure"]} == {}
    assert [n for n, r in results.items() if not r["finite"]] == []
    assert [n for n, r in results.items() if not r["above_the_median"]] == []
    assert [n for n, r in results.items() if r["size_bytes"] <= 0] == []
    assert {results[n]["fit_rows"] for n, one in COMPARED.items() if one.most_rows == 64} == {64}


def test_the_list_is_of_all_that_pyod_has_for_a_matrix() -> None:
    """A release that brings another is noticed: it is listed, or left out knowingly."""
    spec = find_spec("pyod")
    assert spec is not None
    (folder,) = spec.submodule_search_locations or []
    kinds = {path.stem: path.read_text("utf-8") for path in Path(folder, "models").glob("*.py")}
    modules = set(kinds)
    listed = {}
    for one in COMPARED.values():
        module, _, kind = one.kind.partition(":")
        listed[module.rpartition(".")[2]] = f"class {kind}("
        assert one.good_for
    assert all(kind in kinds[module] for module, kind in listed.items() if module in modules)
    parts = {"__init__", "_pyg_utils", "_ts_utils", "base", "base_dl", "combination"}
    parts |= {"gaal_base", "sklearn_base", "so_gaal_new", "thresholds"}
    labelled, univariate, runs_others = {"devnet", "xgbod"}, {"mad"}, {"suod"}
    other_data = {"audio_ae", "embedding"} | {n for n in modules if n.startswith(("ts_", "pyg_"))}
    left_out = parts | labelled | univariate | runs_others | other_data
    assert modules - left_out == set(listed) - {"anomaly"}
