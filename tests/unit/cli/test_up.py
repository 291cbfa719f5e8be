"""`streamscore up` looks at what it is given before it starts anything."""

import tempfile
from pathlib import Path

import pytest

from cli.app import main
from tests.sensors import SENSORS_TOML


@pytest.mark.parametrize("second", ["nosource", "broken.toml"])
def test_a_source_that_is_none_is_told_before_anything_is_started(
    second: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    monkeypatch.chdir(tmp_path)
    Path("sensors.toml").write_bytes(SENSORS_TOML)
    Path("broken.toml").write_text("format = 1\n")
    assert main(["up", "sensors.toml", second]) == 2
    assert second in capsys.readouterr().err
    assert list(temporary.iterdir()) == []
