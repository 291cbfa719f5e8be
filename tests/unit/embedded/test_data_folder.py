from pathlib import Path

import pytest

from embedded.data_folder import data_folder
from streamscore.errors import StackError

PARTS = ("kafka",)


def fill(path: Path) -> None:
    path.mkdir()
    (path / "file").write_text("data")


def test_a_temporary_folder_is_gone_at_the_end() -> None:
    with data_folder(None, PARTS, keep=False) as folder:
        fill(folder.part("kafka"))
        folder.log_path("kafka").write_text("log")
        assert folder.to_remove("kafka") == folder.part("kafka")
    assert not folder.path.exists()


def test_data_is_kept_on_request(tmp_path: Path) -> None:
    with data_folder(tmp_path / "mine", PARTS, keep=True) as folder:
        fill(folder.part("kafka"))
        assert folder.to_remove("kafka") is None
    assert (tmp_path / "mine" / "kafka" / "file").exists()


def test_what_an_earlier_run_kept_stays(tmp_path: Path) -> None:
    fill(tmp_path / "kafka")
    with data_folder(tmp_path, PARTS, keep=False) as folder:
        assert folder.to_remove("kafka") is None
    assert (tmp_path / "kafka" / "file").exists()


def test_what_else_lies_in_the_users_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("")
    with data_folder(tmp_path, PARTS, keep=False) as folder:
        fill(folder.part("kafka"))
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "theirs"]


def fail_with(error: BaseException, path: Path) -> None:
    with data_folder(path, PARTS, keep=False) as folder:
        fill(folder.part("kafka"))
        folder.log_path("kafka").write_text("log")
        raise error


def test_the_logs_stay_after_a_failure(tmp_path: Path) -> None:
    with pytest.raises(StackError, match="broken"):
        fail_with(StackError("broken"), tmp_path / "mine")
    assert (tmp_path / "mine" / "logs" / "kafka.log").read_text() == "log"
    assert not (tmp_path / "mine" / "kafka").exists()


def test_ctrl_c_is_no_failure(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        fail_with(KeyboardInterrupt(), tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_a_second_stack_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    with (
        data_folder(tmp_path, PARTS, keep=False),
        pytest.raises(StackError, match="another stack is running in"),
        data_folder(tmp_path, PARTS, keep=False),
    ):
        pass
    with data_folder(tmp_path, PARTS, keep=False):  # free again
        pass


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StackError, match="file"),
        data_folder(tmp_path / "file", PARTS, keep=False),
    ):
        pass
