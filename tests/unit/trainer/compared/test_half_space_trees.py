"""River's half-space trees as they are compared."""

import subprocess
import sys

from tests.source_tree import ROOT

SCRIPT = """
import json
import numpy as np
from river.anomaly import HalfSpaceTrees as Trees
from tests.plain_rows import plain_rows
from trainer.compared.half_space_trees import HalfSpaceTrees

train, test = plain_rows(300, 0), plain_rows(40, 1)
ours = HalfSpaceTrees(seed=5)
ours.fit(train)
scores = ours.score(test).tolist()

low, high = train.min(axis=0), train.max(axis=0)
theirs, expected = Trees(seed=5), []
for row in train:
    theirs.learn_one(dict(enumerate((row - low) / (high - low))))
for row in test:
    features = dict(enumerate(np.clip((row - low) / (high - low), 0, 1)))
    expected.append(theirs.score_one(features))
    theirs.learn_one(features)
print(json.dumps([scores == expected, len(set(scores)) > 1]))
"""


def test_each_record_is_scored_and_then_learned_within_the_range_of_those_learned_first() -> None:
    printed = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert printed.strip() == "[true, true]"
