import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from embedded.child import Child
from streamscore.errors import StackError
from tests.processes import SLEEPER, STUBBORN, WITH_A_CHILD, all_end, eventually, lives

MakeChild = Callable[..., Child]

PARENT = """
import os, sys, time
from pathlib import Path
from embedded.child import Child
log, remove = Path(sys.argv[1]), Path(sys.argv[2])
child = Child("sleeper", sys.argv[3:], environment=os.environ, log_path=log, remove=remove)
child.start()
child.wait_until(lambda: bool(child.log_lines()), 20)
print(child.pid, child.guard_pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def make_child(tmp_path: Path) -> Iterator[MakeChild]:
    made: list[Child] = []

    def make(command: Sequence[str], stop_seconds: float = 10.0) -> Child:
        child = Child(
            "the service",
            command,
            environment=os.environ,
            log_path=tmp_path / "service.log",
            stop_seconds=stop_seconds,
        )
        made.append(child)
        return child

    yield make
    for child in made:
        child.stop(at_once=True)


def started(child: Child) -> Child:
    child.start()
    child.wait_until(lambda: bool(child.log_lines()), 20)
    return child


def test_a_stopped_service_is_gone_with_its_guard(make_child: MakeChild) -> None:
    child = started(make_child(SLEEPER))
    pids = child.pid, child.guard_pid
    assert all(lives(pid) for pid in pids)
    child.stop()
    assert not any(lives(pid) for pid in pids)
    assert child.ended


def test_a_service_that_ignores_sigterm_is_killed_after_the_limit(make_child: MakeChild) -> None:
    child = started(make_child(STUBBORN, stop_seconds=0.2))
    child.stop()
    assert not lives(child.pid)


def test_the_whole_process_group_ends(make_child: MakeChild) -> None:
    child = started(make_child(WITH_A_CHILD))
    grandchild = int(child.log_lines()[0])
    assert lives(grandchild)
    child.stop()
    assert all_end([grandchild])


def test_a_service_ends_when_its_guard_is_killed(make_child: MakeChild) -> None:
    child = started(make_child(WITH_A_CHILD))
    grandchild = int(child.log_lines()[0])
    os.kill(child.guard_pid, signal.SIGKILL)
    assert all_end([child.pid, grandchild])
    assert eventually(lambda: child.ended)


def test_a_killed_service_takes_its_group_and_its_guard_along(make_child: MakeChild) -> None:
    child = started(make_child(WITH_A_CHILD))
    grandchild = int(child.log_lines()[0])
    os.kill(child.pid, signal.SIGKILL)
    assert all_end([child.guard_pid, grandchild])
    assert eventually(lambda: child.ended)


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_nothing_is_left_when_the_parent_dies(tmp_path: Path, end: signal.Signals) -> None:
    """The guard ends the service and removes the data that nobody is left to remove."""
    data = tmp_path / "data"
    data.mkdir()
    command = [sys.executable, "-c", PARENT, str(tmp_path / "log"), str(data), *SLEEPER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(pid) for pid in parent.stdout.readline().split()]
        assert len(pids) == 2
        parent.send_signal(end)
    assert all_end(pids)
    assert eventually(lambda: not data.exists())


def test_a_copy_of_the_parent_that_holds_the_pipe_does_not_keep_the_service(
    tmp_path: Path,
) -> None:
    forked = PARENT.replace("print(child.pid", "copy = os.fork()\nif copy: print(copy, child.pid")
    command = [sys.executable, "-c", forked, str(tmp_path / "log"), str(tmp_path / "x"), *SLEEPER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        copy, *pids = (int(pid) for pid in parent.stdout.readline().split())
        parent.kill()
        parent.stdout.close()
    try:
        assert all_end(pids)
        assert lives(copy)
    finally:
        os.kill(copy, signal.SIGKILL)


def test_a_failure_to_start_names_the_log_and_shows_its_end(make_child: MakeChild) -> None:
    child = make_child([sys.executable, "-c", "print('no such thing'); raise SystemExit(3)"])
    child.start()
    with pytest.raises(StackError) as caught:
        child.wait_until(lambda: False, 20)
    assert "the service ended with exit code 3" in str(caught.value)
    assert str(child.log_path) in str(caught.value)
    assert "  | no such thing" in str(caught.value)


def test_a_program_that_is_missing_is_a_failure_to_start(make_child: MakeChild) -> None:
    child = make_child(["/no/such/program"])
    child.start()
    with pytest.raises(StackError, match="/no/such/program"):
        child.wait_until(lambda: False, 20)


def test_a_service_that_does_not_answer_in_time_is_a_failure(make_child: MakeChild) -> None:
    child = started(make_child(SLEEPER))
    with pytest.raises(StackError, match=r"did not answer within 0\.1 s"):
        child.wait_until(lambda: False, 0.1)


def test_the_shown_log_begins_at_the_last_start(make_child: MakeChild) -> None:
    child = started(make_child(SLEEPER))
    child.stop()
    assert started(child).log_lines() == ["up"]
    assert child.log_path.read_text() == "up\nup\n"
