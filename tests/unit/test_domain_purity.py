"""The domain is pure: few libraries, and clock, chance and environment are given to it."""

import ast
import re
import sys
from pathlib import Path

import pytest

from tests.source_tree import ROOT, at_import, dotted, imported, modules, named, tree

DOMAIN_LIBRARIES = {"streamscore", "numpy", "msgspec", "numba"}
FITTING_LIBRARIES = {"sklearn", "pyod", "river"}
EMBEDDING_LIBRARIES = {"onnxruntime", "tokenizers"}
REGRESSION_LIBRARIES = {"scipy"}

# What reaches out of a function: clock, chance, environment, network, processes, threads.
WORLD = re.compile(
    r"""os\.(environ|getenv|urandom|system|fork)(\..*)?
      | time\.(time|monotonic|perf_counter|process_time|sleep|localtime)(_ns)?
      | datetime\.((datetime|date)\.)?(now|utcnow|today)
      | (random|secrets|socket|subprocess|threading|multiprocessing)(\..*)?
      | uuid\.uuid[14]
      | numpy\.random\.(?!Generator|default_rng|SeedSequence|PCG64|BitGenerator)\w+
      """,
    re.VERBOSE,
)


def outside_world(path: Path) -> list[str]:
    """What a module imports besides the standard library and the libraries of the domain."""
    names = (name for node in ast.walk(tree(path)) for name in imported(node).values())
    allowed = DOMAIN_LIBRARIES | set(sys.stdlib_module_names)
    if path.is_relative_to(ROOT / "streamscore" / "detectors"):
        allowed |= FITTING_LIBRARIES
    if path == ROOT / "streamscore" / "features" / "minilm.py":
        allowed |= EMBEDDING_LIBRARIES
    if path == ROOT / "streamscore" / "features" / "text_numbers.py":
        allowed |= REGRESSION_LIBRARIES
    return sorted({name.partition(".")[0] for name in names} - allowed)


def reaches_out(module: ast.Module) -> list[str]:
    """Uses of the world, by their full names, whatever a module calls what it imports."""
    meanings: dict[str, str] = {}
    for node in ast.walk(module):
        meanings |= imported(node)
    found = [meaning for meaning in meanings.values() if WORLD.fullmatch(meaning)]
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute):
            first, _, rest = dotted(node).partition(".")
            meaning = f"{meanings.get(first, '')}.{rest}"
            found += [f"{meaning} in line {node.lineno}"] if WORLD.fullmatch(meaning) else []
        if isinstance(node, ast.Call) and dotted(node.func).endswith("default_rng"):
            given = [*node.args, *node.keywords]
            found += [] if given else [f"an unseeded generator in line {node.lineno}"]
    return found


def test_the_domain_imports_nothing_but_numpy_msgspec_and_numba() -> None:
    found = {named(path): outside_world(path) for path in modules("streamscore")}
    assert {name: extra for name, extra in found.items() if extra} == {}


def test_a_library_that_fits_detectors_or_embeds_texts_is_imported_inside_the_function() -> None:
    libraries = FITTING_LIBRARIES | EMBEDDING_LIBRARIES | REGRESSION_LIBRARIES
    found = [
        f"{named(path)}: {name}"
        for path in modules("streamscore")
        for statement in at_import(tree(path).body)
        for name in imported(statement).values()
        if name.partition(".")[0] in libraries
    ]
    assert found == []


def test_the_domain_is_given_time_chance_and_environment_and_never_takes_them() -> None:
    found = {named(path): reaches_out(tree(path)) for path in modules("streamscore")}
    assert {name: reached for name, reached in found.items() if reached} == {}


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['A']",
        "import os\nos.environ.get('A')",
        "from os import environ",
        "import time as clock\nclock.time()",
        "from time import monotonic_ns",
        "import datetime\ndatetime.datetime.now(tz)",
        "from datetime import datetime\ndatetime.now(tz)",
        "import random",
        "from random import shuffle",
        "import numpy as np\nnp.random.rand(3)",
        "import numpy as np\nnp.random.default_rng()",
        "import threading",
    ],
)
def test_reaching_for_the_world_is_noticed(source: str) -> None:
    assert reaches_out(ast.parse(source)) != []


@pytest.mark.parametrize(
    "source",
    [
        "def f(random):\n    return random.random()",
        "import numpy as np\nnp.random.default_rng(7).random()",
        "import numpy as np\nx: np.random.Generator",
        "from datetime import UTC, datetime\ndatetime.fromtimestamp(0, UTC)",
        "import os\nos.path.join('a', 'b')",
    ],
)
def test_what_was_given_may_be_used(source: str) -> None:
    assert reaches_out(ast.parse(source)) == []
