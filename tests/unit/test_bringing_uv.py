"""`bin/uv` runs uv on a concrete interpreter, and says what is missing where it cannot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source_tree import ROOT

REFUSING = "#!/bin/sh\necho 'command not found' >&2\nexit 127\n"
OLD = '#!/bin/sh\n[ "$1" = --version ] && { echo Python 3.9.2; exit 0; }\nexit 1\n'
SHOWING = '#!/bin/sh\necho "uv on $UV_PYTHON: $*"\n'


class Machine:
    """A checkout with `bin/uv` alone; a PATH with the usual programs, but no Python and no uv."""

    def __init__(self, folder: Path) -> None:
        self.programs = folder / "programs"
        self.checkout = folder / "checkout"
        self.programs.mkdir()
        (self.checkout / "bin").mkdir(parents=True)
        shutil.copy(ROOT / "bin" / "uv", self.checkout / "bin" / "uv")
        for name in ("dirname", "rm", "mkdir", "sh"):
            found = shutil.which(name)
            assert found
            (self.programs / name).symlink_to(found)

    def add(self, name: str, script: str) -> Path:
        path = self.programs / name
        path.write_text(script)
        path.chmod(0o755)
        return path

    def run(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.checkout / "bin" / "uv", *arguments],
            env={"PATH": str(self.programs), **environment},
            check=False,
            capture_output=True,
            text=True,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_uv_gets_the_path_of_the_interpreter_and_not_of_a_launcher(machine: Machine) -> None:
    machine.add("uv", SHOWING)
    machine.add("python3.13", REFUSING)
    machine.add("python3", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    concrete = os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]
    assert machine.run("run", "x").stdout == f"uv on {concrete}: run x\n"


def test_a_python_that_is_too_old_is_passed_over(machine: Machine) -> None:
    machine.add("uv", SHOWING)
    machine.add("python3", OLD)
    machine.add("python3.12", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    concrete = os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]
    assert machine.run("sync").stdout == f"uv on {concrete}: sync\n"


def test_a_python_that_was_asked_for_stays(machine: Machine) -> None:
    machine.add("uv", SHOWING)
    assert (
        machine.run("sync", UV_PYTHON="/opt/python3.12").stdout == "uv on /opt/python3.12: sync\n"
    )


def test_without_uv_and_a_fitting_python_the_message_says_what_was_found(machine: Machine) -> None:
    machine.add("python3", OLD)
    result = machine.run("sync")
    assert result.returncode == 1
    assert result.stderr == (
        "streamscore needs Python 3.11, 3.12 or 3.13, and PATH has Python 3.9.2.\n"
        "Install one of them, or name it: UV_PYTHON=/path/to/python3.12 make ...\n"
    )


def test_without_uv_venv_and_pip_the_message_names_the_package(machine: Machine) -> None:
    bare = machine.add("bare", "#!/bin/sh\nexit 1\n")
    machine.add("python3", f"#!/bin/sh\necho {bare}\n")
    result = machine.run("sync")
    assert result.returncode == 1
    assert "apt install python3-venv" in result.stderr
    assert not list(machine.checkout.glob(".cache/*"))


def test_uv_is_brought_once_into_the_checkout(machine: Machine) -> None:
    """A Python whose venv holds a pip that installs a uv: the second run finds it there."""
    maker = machine.add(
        "maker",
        '#!/bin/sh\nmkdir -p "$3/bin"\n'
        'printf \'#!/bin/sh\\n[ "$1" = --version ] || echo "brought uv: $*"\\n\' > "$3/bin/uv"\n'
        'printf \'#!/bin/sh\\n/bin/chmod +x "${0%%python}uv"\\n\' > "$3/bin/python"\n'
        '/bin/chmod +x "$3/bin/python"\n',
    )
    machine.add("python3", f"#!/bin/sh\necho {maker}\n")
    first, second = machine.run("sync"), machine.run("sync")
    assert (first.returncode, first.stdout) == (0, "brought uv: sync\n")
    assert "bringing uv" in first.stderr
    assert (second.returncode, second.stdout, second.stderr) == (0, "brought uv: sync\n", "")
