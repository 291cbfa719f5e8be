"""The page on operating it describes the columns that `score-file` writes."""

import re
from pathlib import Path

from scorer.file_scoring import RowScore

PAGE = Path(__file__).parents[2] / "docs" / "operate.md"


def test_every_column_of_score_file_is_described_in_its_order() -> None:
    section = PAGE.read_text("utf-8").partition("\n## Scoring a file\n")[2].partition("\n## ")[0]
    assert tuple(re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)) == (
        RowScore.__struct_fields__
    )
