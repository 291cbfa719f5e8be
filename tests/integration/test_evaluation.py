"""``streamscore evaluate`` on files: tables, JSON, and a run in MLflow."""

import json
from pathlib import Path

import pytest

from cli.app import main
from streamscore.sources import load_source
from streamscore.synthetic.writing import GenerationPlan, labelled_records, write_records

ROWS = 900
NOWHERE = ["--set", "mlflow.tracking_uri=http://127.0.0.1:9", "--set", "mlflow.timeout_seconds=2"]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("history") / "reviews.jsonl"
    source = load_source("reviews")
    with path.open("w", encoding="utf-8") as written:
        write_records(source, labelled_records(source, GenerationPlan(rows=ROWS)), "jsonl", written)
    return path


@pytest.mark.integration
@pytest.mark.timeout(300)
def test_an_evaluation_is_printed_and_is_a_run_in_mlflow(
    mlflow_server: str, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import mlflow

    at = ["--set", f"mlflow.tracking_uri={mlflow_server}"]
    asked = ["evaluate", "reviews", str(file), "--seeds", "1", "--detector", "repeats+stray-times"]
    assert main([*at, *asked]) == 0
    printed = capsys.readouterr().out
    assert "rating_up" in printed
    assert "one-hot forest" in printed
    address = next(line.split()[1] for line in printed.splitlines() if "MLflow" in line)
    assert address.startswith(mlflow_server)
    mlflow.set_tracking_uri(mlflow_server)
    run = mlflow.get_run(address.rpartition("/")[2])
    assert run.data.params["source"] == "reviews"
    assert 0 <= run.data.metrics["repeats and stray-times/auprc"] <= 1
    assert run.data.metrics["one-hot forest/microseconds"] > 0
    artifacts = {
        one.path
        for one in mlflow.artifacts.list_artifacts(
            run_id=run.info.run_id, artifact_path="evaluation"
        )
    }
    pictures = ["scores", "flagged", "top_anomalies", "trend", "kinds", "calibration", "projection"]
    assert {f"evaluation/{name}.png" for name in pictures} <= artifacts
    assert {"evaluation/summary.txt", "evaluation/tables.md"} <= artifacts


@pytest.mark.integration
def test_where_mlflow_does_not_answer_the_tables_are_printed_before_it_is_told(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*NOWHERE, "evaluate", "reviews", str(file), "--seeds", "1"]) == 1
    captured = capsys.readouterr()
    assert "rating_up" in captured.out
    assert "127.0.0.1:9" in captured.err


@pytest.mark.integration
def test_an_evaluation_without_mlflow_is_json_and_files(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    asked = ["evaluate", "reviews", str(file), "--seeds", "1", "--no-mlflow", "--json"]
    assert main([*NOWHERE, *asked, "--out", str(out), "--prevalence", "0.02"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["prevalence"] == 0.02
    assert found["train_rows"] + found["calibration_rows"] + found["test_rows"] == ROWS
    assert found["address"] is None
    assert (out / "projection.png").exists()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--seeds", "0"], "--seeds is a number from 1 to 100, got 0"),
        (["--prevalence", "0"], "--prevalence is a share above 0, to 0.5, got 0"),
        (["--detector", "magic"], "a detector must be one of"),
    ],
)
def test_what_cannot_be_evaluated_is_told_before_anything_is_read(
    options: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", "reviews", "absent.jsonl", *options]) == 2
    assert told in " ".join(capsys.readouterr().err.split())
