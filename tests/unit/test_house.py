"""The house keeps its shape: what import-linter, ruff and mypy do not see."""

import ast
import re

from tests.source_tree import CONFIG, CONTRACTS, PACKAGES, ROOT, modules, named, tracked, tree

# Folders of Python that are no part of the installed application.
OUTSIDE = {"tests", "benchmarks"}

LONGEST_MODULE = 400
TYPICAL_MODULE = 250
LONGEST_FUNCTION = 60
VAGUE_NAMES = {"base", "common", "core", "helper", "helpers", "manager", "misc", "util", "utils"}


def test_no_module_is_longer_than_the_limit() -> None:
    lengths = {named(p): len(p.read_text().splitlines()) for p in tracked("*.py")}
    assert {n: length for n, length in lengths.items() if length > LONGEST_MODULE} == {}


def test_four_modules_in_five_keep_to_the_typical_length() -> None:
    lengths = sorted(len(p.read_text().splitlines()) for p in modules(*PACKAGES))
    assert lengths[len(lengths) * 4 // 5] <= TYPICAL_MODULE


def test_no_function_is_longer_than_a_screen() -> None:
    """Counted without its docstring, which for a public function may be longer than the code."""
    long = []
    for path in modules(*PACKAGES):
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[1] if ast.get_docstring(node) and node.body[1:] else node.body[0]
                if (node.end_lineno or 0) - first.lineno >= LONGEST_FUNCTION:
                    long.append(f"{named(path)}:{node.name}")
    assert long == []


def test_a_module_is_named_after_a_noun_of_the_problem() -> None:
    words = {named(p): named(p).removesuffix(".py").split("/") for p in tracked("*.py")}
    assert [name for name, parts in words.items() if VAGUE_NAMES & set(parts)] == []


def test_every_package_says_what_it_is_for() -> None:
    packages = [path for path in modules(*PACKAGES) if path.name == "__init__.py"]
    assert [named(path) for path in packages if not ast.get_docstring(tree(path))] == []


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in modules(*PACKAGES)}
    assert [named(f) for f in sorted(folders) if not (f / "__init__.py").exists()] == []


def test_every_package_has_its_place_in_the_layers() -> None:
    """import-linter holds containers exhaustive, but not the top of the tree."""
    there = {path.parent.name for path in ROOT.glob("*/__init__.py")} - OUTSIDE
    layered = re.split(r"[\s|]+", " ".join(CONTRACTS["layers"]["layers"]))
    assert sorted(there) == sorted(layered) == sorted(PACKAGES)
    assert sorted(there) == sorted(CONFIG["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"])


def test_the_layers_are_the_agreed_ones() -> None:
    assert CONTRACTS["layers"]["layers"] == [
        "cli",
        "embedded",
        "producer | scorer | trainer",
        "adapters",
        "streamscore",
    ]


def test_the_contracts_name_what_the_domain_and_the_scorer_do_without() -> None:
    domain = {"confluent_kafka", "faust", "kafka", "mlflow", "onnxruntime", "pandas"}
    assert domain <= set(CONTRACTS["domain"]["forbidden_modules"])
    scorer = {"mlflow", "pandas", "pyod", "river", "sklearn"}
    assert scorer <= set(CONTRACTS["scorer"]["forbidden_modules"])


# A path from the root into a workplace, or into the home of somebody who is not an example.
ELSEWHERE = re.compile(r"(?<![\w.})*-])/(?:(?:root|work)/\w|(?:home|Users)/(?!ann|zo)\w)")


def test_no_tracked_file_names_a_place_on_somebodys_machine() -> None:
    found = []
    for path in tracked(":!uv.lock", ":!LICENSE"):
        lines = path.read_bytes().decode("utf-8", "replace").splitlines()
        found += [f"{named(path)}:{n}" for n, line in enumerate(lines, 1) if ELSEWHERE.search(line)]
    assert found == []


def test_the_lock_file_names_the_public_index_alone() -> None:
    hosts = re.findall(r"https?://([^/\"]+)/", (ROOT / "uv.lock").read_text(encoding="utf-8"))
    assert set(hosts) == {"pypi.org", "files.pythonhosted.org"}


def test_no_tracked_file_is_a_left_over() -> None:
    left = tracked("*.pyc", "*.ipynb", "*.log", "*.sqlite", "*.db", "*.orig", "*.rej")
    assert [named(path) for path in left] == []


def test_no_tracked_file_is_large() -> None:
    """Half a megabyte, the lock file apart: data and models are made, not kept."""
    large = [path for path in tracked(":!uv.lock") if path.stat().st_size > 512 * 1024]
    assert [named(path) for path in large] == []
