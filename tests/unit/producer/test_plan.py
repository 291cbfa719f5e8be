"""A plan that breaks a rule is refused, with the rule and the value."""

from pathlib import Path
from typing import Any

import pytest

from producer.plan import ReplayPlan
from streamscore.errors import UsageError
from streamscore.sources.record_files import LocalFile


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"speed": 10.0, "rate": 5.0}, "by --speed or by --rate; got 10x and 5/s"),
        ({"rate": 0.0}, "--rate must be above 0, got 0"),
        ({"speed": -1.0}, "--speed must be above 0, got -1"),
        ({"speed": float("nan")}, "--speed must be above 0, got nan"),
        ({"limit": 0}, "--limit must be above 0, got 0"),
        ({"inject_rate": 1.5}, "a share from 0 to 1, got 1.5"),
        ({"seed": -1}, "--seed must be at least 0, got -1"),
    ],
)
def test_a_broken_rule_is_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        ReplayPlan(files=(LocalFile(Path("a.csv")),), **options).check("trial")


def test_a_reject_file_that_is_an_input_is_refused_under_any_name(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"{}\n")
    (tmp_path / "link.jsonl").symlink_to(path)
    (tmp_path / "hard.jsonl").hardlink_to(path)
    (tmp_path / "sub").mkdir()
    for rejects in (path, tmp_path / "sub/../a.jsonl", *tmp_path.glob("*.jsonl")):
        with pytest.raises(UsageError, match="must not be one of the files replayed"):
            ReplayPlan(
                files=(LocalFile(tmp_path / "b.csv"), LocalFile(path)), rejects=rejects
            ).check("trial")


def test_the_default_reject_file_is_no_input_either() -> None:
    files = (LocalFile(Path("trial.rejects.jsonl")),)
    with pytest.raises(UsageError, match=r"got trial\.rejects\.jsonl.*Name another"):
        ReplayPlan(files=files).check("trial")
    ReplayPlan(files=files).check("other")


def test_a_reject_file_must_have_a_place(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="must be a file, got the folder"):
        ReplayPlan(files=(LocalFile(Path("a.csv")),), rejects=tmp_path).check("trial")
    with pytest.raises(UsageError, match="no/such does not"):
        ReplayPlan(files=(LocalFile(Path("a.csv")),), rejects=tmp_path / "no/such/r.jsonl").check(
            "trial"
        )


def test_a_plan_of_defaults_is_good() -> None:
    ReplayPlan(files=(LocalFile(Path("a.csv")),)).check("trial")
