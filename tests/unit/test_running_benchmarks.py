"""`python -m benchmarks` runs those named, or all, and fails where one of them does."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source_tree import ROOT


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A runner with two benchmarks, one of which misses its bar, and a part of benchmarks."""
    package = tmp_path / "benchmarks"
    package.mkdir()
    for name in ("__init__.py", "__main__.py"):
        shutil.copy(ROOT / "benchmarks" / name, package / name)
    (package / "fast.py").write_text("import sys; print('fast ran with', sys.argv[1:])\n")
    (package / "slow.py").write_text("import sys; print('slow ran'); sys.exit(1)\n")
    (package / "_table.py").write_text("print('a part ran')\n")
    return tmp_path


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *arguments]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)


def test_all_run_and_the_missed_ones_are_named(folder: Path) -> None:
    result = run(folder)
    assert result.returncode == 1
    assert result.stdout == "== fast\nfast ran with []\n== slow\nslow ran\nMissed: slow.\n"


def test_the_named_one_runs_alone_with_its_options(folder: Path) -> None:
    result = run(folder, "fast", "--rounds", "3")
    assert result.returncode == 0
    assert result.stdout == "== fast\nfast ran with ['--rounds', '3']\n"


def test_an_unknown_name_is_told_with_the_known_ones(folder: Path) -> None:
    result = run(folder, "fast", "nosuch")
    assert result.returncode == 2
    assert result.stdout == "No such benchmark: nosuch. There are: fast, slow.\n"
