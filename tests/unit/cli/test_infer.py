"""`streamscore sources infer`, as a user runs it."""

import json
from pathlib import Path

import pytest

from cli.app import main
from streamscore.sources import load_source
from tests.inferred_files import csv_bytes


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    path = tmp_path / "orders.csv"
    columns = {
        "placed_at": [f"2024-03-{1 + i // 10:02}T{i % 10:02}:00:00" for i in range(290)] + ["soon"],
        "amount": [f"{i * 7 % 900}.50" for i in range(291)],
    }
    path.write_bytes(csv_bytes(columns))
    return path


def test_a_draft_is_written_and_the_next_step_is_said(
    orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine.toml"
    assert main(["sources", "infer", str(orders), "--out", str(out)]) == 0
    assert load_source(str(out)).name == "mine"
    said = capsys.readouterr()
    assert said.out == ""
    assert "accepts 290 of 291 rows (99.66%)" in said.err
    assert "1 event_time_unreadable, first in line 292" in said.err
    assert f"Next: streamscore sources check {out} {orders}" in said.err.replace("\n", " ")
    assert main(["sources", "check", str(out), str(orders)]) == 1
    assert main(["sources", "show", str(out)]) == 0
    assert "records a day" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("out", "options", "name"),
    [
        ("orders.toml", [], "orders"),
        ("My Orders.toml", [], "my_orders"),
        ("reviews.toml", [], "my_reviews"),
        ("orders.toml", ["--name", "sales"], "sales"),
    ],
)
def test_a_source_is_called_as_its_file_unless_a_name_is_given(
    orders: Path, tmp_path: Path, out: str, options: list[str], name: str
) -> None:
    early = orders.rename(tmp_path / "orders_early.csv")
    path = tmp_path / out
    assert main(["sources", "infer", str(early), "--out", str(path), *options]) == 0
    assert load_source(str(path)).name == name


def test_a_draft_goes_to_standard_output_unless_told(
    orders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sources", "infer", str(orders), "--name", "mine", "--rows", "100"]) == 0
    said = capsys.readouterr()
    assert 'name = "mine"' in said.out
    assert "100 of about 291 rows" in said.out
    assert "Keep the draft with --out" in said.err


def test_a_draft_is_printed_as_json(orders: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sources", "infer", str(orders), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["source"]["fields"]["amount"]["role"] == "number"
    assert (told["rows"], told["total_rows"], told["sample"]["accepted"]) == (291, 291, 290)
    assert told["toml"].startswith("# Drafted from ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--out", "a.csv"], "ends in .toml; received a.csv"),
        (["--out", "pyproject.toml"], "pyproject.toml exists"),
        (["--out", "/no/such/folder/a.toml"], "can be written"),
        (["--time", "no"], "received 'no'"),
        (["--zone", "Mars"], "received --zone 'Mars'"),
        (["--rows", "0"], "--rows"),
    ],
)
def test_a_wrong_call_says_the_rule_and_the_value(
    orders: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sources", "infer", str(orders), *options]) == 2
    assert said in capsys.readouterr().err.replace("\n", " ")
