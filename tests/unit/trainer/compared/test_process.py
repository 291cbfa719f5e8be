"""Whatever becomes of a detector's process is told, and goes no further."""

import sys

import numpy as np
import pytest

from streamscore.errors import DetectorError, UsageError
from streamscore.features import Column
from tests.plain_rows import OUTLIER, plain_rows
from trainer.compared.names import COMPARED, compared_named
from trainer.compared.process import check_installed, fit_and_score

TRAIN, TEST = plain_rows(100, 0), plain_rows(9, 1)
TEST[4] = OUTLIER


def child(code: str) -> tuple[str, ...]:
    return ("-c", f"import sys, pathlib; folder = pathlib.Path(sys.argv[1])\n{code}")


def test_a_detector_is_fit_and_scores_in_a_process_of_its_own() -> None:
    given = TRAIN.copy(), TEST.copy()
    scored = fit_and_score("pyod-ecod", *given, seed=1)
    assert scored.scores.shape == (9,)
    assert np.argmax(scored.scores) == 4
    assert (scored.fit_rows, scored.width) == (100, 4)
    assert scored.fit_seconds > 0
    assert scored.microseconds_a_record > 0
    assert scored.size_bytes > TRAIN.nbytes
    assert np.array_equal(given[0], TRAIN)
    assert np.array_equal(given[1], TEST)


def test_a_detector_that_does_not_end_is_ended() -> None:
    endless = child("import threading\nthreading.Event().wait()")
    with pytest.raises(
        DetectorError,
        match=r"done within 0\.5 s \(trainer\.compared_timeout_seconds\); pyod-ecod on 100 records "
        r"was not\. Give it more time",
    ):
        fit_and_score("pyod-ecod", TRAIN, TEST, timeout_seconds=0.5, child=endless)


def test_a_detector_that_spends_its_processor_time_is_ended_without_its_parent() -> None:
    busy = child(
        "import resource\nresource.setrlimit(resource.RLIMIT_CPU, (1, 9))\nwhile True: pass"
    )
    with pytest.raises(DetectorError, match=r"done within 60 s"):
        fit_and_score("pyod-ecod", TRAIN, TEST, timeout_seconds=60, child=busy)


def test_a_detector_that_crashes_is_told_with_its_last_words() -> None:
    crash = child("import os, signal\nprint('bad index', file=sys.stderr, flush=True)\nos.abort()")
    with pytest.raises(
        DetectorError, match=r"its process ended with signal SIGABRT\n  \| bad index"
    ):
        fit_and_score("pyod-ecod", TRAIN, TEST, child=crash)


def test_a_detector_that_is_killed_is_told_why_that_may_be() -> None:
    killed = child("import os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(DetectorError, match="was killed, mostly a sign that the machine ran out"):
        fit_and_score("pyod-ecod", TRAIN, TEST, child=killed)


def test_a_process_that_leaves_nothing_behind_is_a_failure() -> None:
    with pytest.raises(DetectorError, match="its process ended with exit code 3"):
        fit_and_score("pyod-ecod", TRAIN, TEST, child=child("sys.exit(3)"))


@pytest.mark.skipif(sys.platform != "linux", reason="others do not hold a process to its memory")
def test_a_detector_that_takes_too_much_memory_is_told() -> None:
    # Each of 60 columns becomes 13, so that 100,000 records take 624 MB.
    columns = [Column(name=f"c{i}", field=f"c{i}", kind="code", values=12) for i in range(60)]
    train = np.random.default_rng(0).integers(0, 12, (500, 60)).astype(np.float64)
    told = r"do with 500 MiB of memory \(trainer\.compared_memory_bytes\); pyod-ecod on 500 records"
    with pytest.raises(DetectorError, match=told):
        fit_and_score("pyod-ecod", train, np.zeros((100_000, 60)), columns, memory_bytes=500 << 20)


def test_what_a_library_raises_is_told() -> None:
    with pytest.raises(
        DetectorError, match=r"pyod-knn on 3 records did not: ValueError: .*n_neigh"
    ):
        fit_and_score("pyod-knn", TRAIN[:3], TEST)


def test_an_extra_that_is_not_installed_is_named() -> None:
    missing = COMPARED["pyod-vae"]
    if "torch" in sys.modules:
        pytest.skip("torch is installed")
    with pytest.raises(UsageError, match=r"pyod-vae needs torch, .* Install streamscore\[torch\]"):
        check_installed(missing)
    check_installed(compared_named("pyod-ecod"))


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(UsageError, match=r"one of pyod-abod, .*; got 'oracle'"):
        fit_and_score("oracle", TRAIN, TEST)
