"""The source of orders with a language model, and the mark of tests that run it."""

from importlib.util import find_spec

import msgspec
import pytest

from streamscore.features.minilm import PACKAGES
from streamscore.sources import Source
from tests.orders import ORDERS

MEANT_ORDERS: Source = msgspec.structs.replace(ORDERS, embedding="minilm")

MISSING = [name for name in PACKAGES if find_spec(name.replace("-", "_")) is None]

with_minilm = pytest.mark.skipif(
    bool(MISSING), reason=f"the extra minilm is not installed: {', '.join(MISSING)}"
)
