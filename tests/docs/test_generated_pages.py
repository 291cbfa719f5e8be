"""Pages that the code's own lists make are what the code says."""

from pathlib import Path

import pytest

from cli.app import main
from cli.docs import pages

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_generated_page_is_not_stale(name: str) -> None:
    stale = f"docs/{name} is stale: run `streamscore docs --write`"
    assert (DOCS / name).read_text("utf-8") == pages()[name], stale


def test_a_stale_page_is_found_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = ["docs", "--folder", str(tmp_path)]
    assert main(folder) == 1
    assert "metrics.md, settings.md, topics.md" in capsys.readouterr().err
    assert main([*folder, "--write"]) == 0
    assert main(folder) == 0
    (tmp_path / "topics.md").write_text("old")
    assert main(folder) == 1
