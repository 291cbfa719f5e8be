"""ECOD and COPOD with frozen ranks."""

import os
import subprocess
import sys
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trainer.compared.ranks import Ranks

ONE_BY_ONE = """
import sys
import numpy as np
from pyod.models.copod import COPOD
from pyod.models.ecod import ECOD
train, test = np.load(sys.argv[1]), np.load(sys.argv[2])
for kind in (ECOD, COPOD):
    fitted = kind().fit(train)
    print(*(repr(float(fitted.decision_function(row[None])[0])) for row in test))
"""


def skewed(count: int, seed: int) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    rng = np.random.default_rng(seed)
    right = rng.exponential(size=(count, 2))
    return np.column_stack([right, -rng.exponential(size=count), rng.integers(0, 3, count) ** 3])


def test_the_scores_are_pyods_for_batches_of_one(tmp_path: pytest.TempPathFactory) -> None:
    train, test = skewed(200, 0), skewed(20, 1)
    np.save(f"{tmp_path}/train.npy", train)
    np.save(f"{tmp_path}/test.npy", test)
    printed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ONE_BY_ONE]
        + [f"{tmp_path}/{name}.npy" for name in ("train", "test")],
        env=os.environ | {"NUMBA_DISABLE_JIT": "1"},  # compiling takes longer than this
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    methods: tuple[Literal["ecod", "copod"], ...] = ("ecod", "copod")
    for method, line in zip(methods, printed.splitlines(), strict=True):
        ranks = Ranks(method)
        ranks.fit(train)
        assert np.allclose(ranks.score(test), [float(one) for one in line.split()], atol=1e-12)


@given(st.integers(0, 1000), st.sampled_from(["ecod", "copod"]))
def test_a_score_does_not_depend_on_its_batch(seed: int, method: Literal["ecod", "copod"]) -> None:
    ranks = Ranks(method)
    ranks.fit(skewed(50, 0))
    test = skewed(12, seed)
    one_by_one = np.concatenate([ranks.score(row[None]) for row in test])
    assert np.array_equal(ranks.score(test), one_by_one)
