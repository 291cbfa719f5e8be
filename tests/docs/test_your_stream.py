"""The page about a stream of one's own, as a reader would walk it."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.docs.test_readme import BLOCK, other_terminal, reader_environment

PAGE = Path(__file__).parents[2] / "docs" / "your-stream.md"


def run(commands: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", "\n".join(["set -euo pipefail", *commands])],
        cwd=folder,
        env=reader_environment(),
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


@pytest.mark.e2e
@pytest.mark.timeout(600)
def test_the_commands_lead_from_a_file_to_alerts(tmp_path: Path) -> None:
    commands = []
    for language, block in BLOCK.findall(PAGE.read_text("utf-8")):
        if language == "python":
            name = block.partition("\n")[0].removeprefix("# ")
            (tmp_path / name).write_text(block, "utf-8")
        else:
            commands.append(block)
    (place,) = (i for i, one in enumerate(commands) if one.startswith("streamscore up "))
    before, (other, *after) = commands[:place], commands[place:]
    drafted = run(before, tmp_path)
    assert drafted.returncode == 0, drafted.stdout + drafted.stderr
    assert "accepts 9,000 of 9,000 rows (100.00%)" in drafted.stderr
    with other_terminal(other, tmp_path):
        walked = run(after, tmp_path)
    assert walked.returncode == 0, walked.stdout + walked.stderr
    alert = r"^severity +\d+\.\d  p 0\.0\d+  .+\n +records\.orders/0/\d+$"
    assert re.search(alert, walked.stdout, re.MULTILINE)
    assert re.search(r", never seen", walked.stdout), "reasons are told in words"
