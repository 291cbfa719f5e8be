"""Importing a package does nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.source_tree import PACKAGES, ROOT, at_import, imported, modules, tree

PROBE = Path(__file__).with_name("import_probe.py")
# Half a second to several seconds and a hundred megabytes each. (scipy is not among them: numba
# looks at its version.)
HEAVY = {"matplotlib", "mlflow", "onnxruntime", "pandas", "pyod", "river", "sklearn", "tokenizers"}


def module_names(package: str) -> list[str]:
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in modules(package)]
    return [name.removesuffix(".__init__") for name in names if not name.endswith("__main__")]


def libraries_at_import() -> list[str]:
    statements = [s for path in modules(*PACKAGES) for s in at_import(tree(path).body)]
    names = {name for s in statements for name in imported(s).values()}
    own = set(PACKAGES) | set(sys.stdlib_module_names)
    return sorted(name for name in names if name.partition(".")[0] not in own)


def import_freshly(names: list[str], libraries: list[str]) -> dict[str, list[str]]:
    arguments = [json.dumps(given) for given in (PACKAGES, names, libraries)]
    process = subprocess.run(
        [sys.executable, PROBE, *arguments], cwd=ROOT, check=False, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr
    printed: dict[str, list[str]] = json.loads(process.stdout)
    return printed


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_reads_no_environment_and_starts_nothing(package: str) -> None:
    result = import_freshly(module_names(package), libraries_at_import())
    assert {what: result[what] for what in ("environment", "refused", "threads")} == {
        "environment": [],
        "refused": [],
        "threads": [],
    }


@pytest.mark.parametrize("package", PACKAGES)
def test_importing_loads_no_heavy_library(package: str) -> None:
    assert HEAVY & set(import_freshly(module_names(package), [])["loaded"]) == set()


def test_the_probe_notices_what_it_watches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "noisy.py").write_text(
        "import os, socket, subprocess, threading\n"
        "os.environ.get('HOME'); os.getenv('PATH'); dict(os.environ)\n"
        "threading.Thread(target=threading.Event().wait, name='busy', daemon=True).start()\n"
        "for attempt in (lambda: socket.create_connection(('127.0.0.1', 9)),\n"
        "                lambda: subprocess.run(['true'])):\n"
        "    try: attempt()\n"
        "    except OSError: pass\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setattr(f"{__name__}.PACKAGES", ["noisy"])
    result = import_freshly(["noisy"], [])
    reads = {"HOME by noisy", "PATH by noisy", "all of it by noisy"}
    assert reads <= set(result["environment"])
    assert result["refused"] == ["a connection", "a process"]
    assert result["threads"] == ["busy"]
