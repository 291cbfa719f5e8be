"""The bundle: everything learned, as one directory of JSON and npz, without pickle."""

import hashlib
import tempfile
import zlib
from io import BytesIO
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile, is_zipfile

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from streamscore.bundle_format_1 import Manifest1
from streamscore.detectors import detector_names
from streamscore.detectors.combination import Combination, Described, under
from streamscore.errors import BundleError, UsageError
from streamscore.features import Encoder
from streamscore.features.encoder import Learned
from streamscore.formats import refusal, version_of
from streamscore.sources import Codec

MANIFEST_FILE = "bundle.json"
ARRAYS_FILE = "arrays.npz"

_CALIBRATION = "calibration.scores"
_STATELESS = "calibration.stateless"
_DETECTORS = "detectors."
_ENCODER = "encoder."
_DETECTOR_1 = "detector."
"""Where format 1 had the arrays of its one detector."""

_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    msgspec.DecodeError,
    RecursionError,  # JSON nested too deep
    BadZipFile,
    zlib.error,
    NotImplementedError,  # a compression that zipfile does not know
    MemoryError,  # a header that claims more than there is
)


class Trained(Struct, frozen=True, kw_only=True):
    """Where a bundle comes from.

    Attributes
    ----------
    first_event_time, last_event_time : str
        Range of the history it was fit on, ISO 8601 in UTC.
    fit_rows, calibration_rows : int
        Rows it was fit on, and the later rows whose scores fill the window.
    seed : int
        Decides every random choice of the fit.
    """

    first_event_time: str
    last_event_time: str
    fit_rows: int
    calibration_rows: int
    seed: int


class Manifest(Struct, frozen=True, kw_only=True):
    """The JSON part of a bundle.

    Attributes
    ----------
    format : int
        Version of the layout; 2.
    source, schema_hash : str
        The source it was made for, and the hash of what it reads of it.
    detector : str
        Name of the recipe: which detectors make up the model.
    detectors : list of Described
        The detectors, with their parameters.
    encoder : Learned
        What the encoder learned.
    trained : Trained
        Where it comes from.
    digest : str
        SHA-256 over all of the above and the arrays; names the bundle's content.
    """

    source: str
    schema_hash: str
    detector: str
    detectors: list[Described]
    encoder: Learned
    trained: Trained
    format: Literal[2] = 2
    digest: str = ""


class Bundle(Struct, frozen=True, kw_only=True):
    """A manifest and its arrays."""

    manifest: Manifest
    arrays: dict[str, NDArray[Any]]

    @property
    def calibration_scores(self) -> NDArray[np.float64]:
        """Out-of-sample scores, oldest first: float64 of shape (calibration_rows,)."""
        scores: NDArray[np.float64] = self.arrays[_CALIBRATION]
        return scores

    @property
    def stateless_scores(self) -> NDArray[np.float64]:
        """The same rows' scores without the detectors that remember."""
        return self.arrays.get(_STATELESS, self.calibration_scores)

    def detectors(self) -> Combination:
        """Rebuild the detectors.

        Raises
        ------
        BundleError
            When there is no such detector here, or the arrays are not its own.
        """
        described = self.manifest.detectors
        for one in described:
            if one.detector not in detector_names():
                known = ", ".join(detector_names())
                raise BundleError(f"a bundle's detector is one of {known}; got {one.detector!r}")
        try:
            return Combination.restore(described, under(self.arrays, _DETECTORS))
        except (KeyError, IndexError, TypeError, ValueError, OverflowError) as error:
            names = ", ".join(one.detector for one in described)
            raise BundleError(
                f"a bundle must hold what its detectors learned ({names}): {error!r}"
            ) from None

    def encoder(self, codec: Codec) -> Encoder:
        """Rebuild the encoder over the running source's codec.

        Raises
        ------
        BundleError
            When the bundle was made for another source, or for other fields.
        """
        source, manifest = codec.source, self.manifest
        if manifest.source != source.name or manifest.schema_hash != source.schema_hash():
            raise BundleError(
                f"a bundle must be made for the source that runs, {source.name} with schema "
                f"{source.schema_hash()}; this one is for {manifest.source} with schema "
                f"{manifest.schema_hash}. Train the source again, or run the source it was made for"
            )
        try:
            return Encoder(codec, manifest.encoder, under(self.arrays, _ENCODER))
        except KeyError as error:
            raise BundleError(
                f"a bundle must hold a vocabulary for each category; none for {error}"
            ) from None


def make_bundle(
    codec: Codec,
    encoder: Encoder,
    recipe: str,
    detectors: Combination,
    calibration_scores: NDArray[np.float64],
    trained: Trained,
    stateless_scores: NDArray[np.float64] | None = None,
) -> Bundle:
    """Put together what was learned.

    `stateless_scores` are those of the same rows without detectors that remember, where there are
    such and others.
    """
    arrays = {_DETECTORS + name: array for name, array in detectors.arrays().items()}
    arrays |= {_ENCODER + name: array for name, array in encoder.arrays().items()}
    arrays[_CALIBRATION] = np.asarray(calibration_scores, np.float64)
    if stateless_scores is not None:
        arrays[_STATELESS] = np.asarray(stateless_scores, np.float64)
    manifest = Manifest(
        source=codec.source.name,
        schema_hash=codec.source.schema_hash(),
        detector=recipe,
        detectors=detectors.described(),
        encoder=encoder.learned,
        trained=trained,
    )
    digest = _digest(_digested(msgspec.json.encode(manifest)), arrays)
    return Bundle(manifest=msgspec.structs.replace(manifest, digest=digest), arrays=arrays)


def make_bundle_folder(directory: Path) -> None:
    """Make the directory of a bundle, or find now, before hours of training, that it cannot be.

    Raises
    ------
    UsageError
        When it cannot be made, or nothing can be written into it.
    """
    try:
        directory.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=directory).close()
    except OSError as error:
        raise UsageError(
            f"a bundle goes into a folder that can be made and written to; {directory} is not: "
            f"{error.strerror or error}. Name another"
        ) from None


def write_bundle(bundle: Bundle, directory: Path) -> None:
    """Write a bundle into a directory, which is made; raises as `make_bundle_folder`."""
    make_bundle_folder(directory)
    manifest = msgspec.json.format(msgspec.json.encode(bundle.manifest), indent=1)
    (directory / MANIFEST_FILE).write_bytes(manifest)
    with (directory / ARRAYS_FILE).open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **bundle.arrays)


def read_bundle(directory: Path) -> Bundle:
    """Read a bundle and check it against its own digest.

    Raises
    ------
    BundleError
        When files are missing, of another format, or changed.
    """
    try:
        written = (directory / MANIFEST_FILE).read_bytes()
        version = version_of(written)
        if reason := refusal("bundle", version):
            raise BundleError(f"{directory}: {reason}")
        # From memory: numpy leaves a file open when it cannot read it.
        packed = BytesIO((directory / ARRAYS_FILE).read_bytes())
        if not is_zipfile(packed):
            raise ValueError(f"{ARRAYS_FILE} is no archive of arrays")
        with np.load(packed, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        bundle, digest = _of_format_1(written, arrays) if version == 1 else _read(written, arrays)
    except _UNREADABLE as error:
        raise BundleError(
            f"a bundle is a directory with {MANIFEST_FILE} and {ARRAYS_FILE}; "
            f"{directory} cannot be read: {error}"
        ) from None
    if digest != bundle.manifest.digest:
        raise BundleError(f"a bundle must match its digest; {directory} was changed or cut short")
    for scores in (bundle.arrays.get(_CALIBRATION), bundle.arrays.get(_STATELESS, np.zeros(1))):
        if scores is None or scores.dtype != np.float64 or scores.ndim != 1 or len(scores) == 0:
            raise BundleError(
                f"a bundle must hold calibration scores as float64; {directory} does not"
            )
    return bundle


def _read(written: bytes, arrays: dict[str, NDArray[Any]]) -> tuple[Bundle, str]:
    manifest = msgspec.json.decode(written, type=Manifest)
    return Bundle(manifest=manifest, arrays=arrays), _digest(_digested(written), arrays)


def _of_format_1(written: bytes, arrays: dict[str, NDArray[Any]]) -> tuple[Bundle, str]:
    """Read a bundle whose one detector is given all columns, its score passed on as it is."""
    old = msgspec.json.decode(written, type=Manifest1)
    manifest = Manifest(
        source=old.source,
        schema_hash=old.schema_hash,
        detector=old.detector,
        detectors=[Described(detector=old.detector, parameters=old.parameters)],
        encoder=old.learned(),
        trained=msgspec.convert(old.trained, Trained, from_attributes=True),
        digest=old.digest,
    )
    learned = under(arrays, _DETECTOR_1)
    kept = {f"{_DETECTORS}0.learned.{name}": array for name, array in learned.items()}
    kept[f"{_DETECTORS}0.weights"] = np.ones(1)
    kept |= {name: array for name, array in arrays.items() if not name.startswith(_DETECTOR_1)}
    return Bundle(manifest=manifest, arrays=kept), _digest(old.digested(), arrays)


def _digested(written: bytes) -> bytes:
    """Return what the digest is made of, but for the arrays: the JSON, also keys not known yet."""
    document = msgspec.json.decode(written, type=dict[str, Any])
    document.pop("digest", None)
    return msgspec.json.encode(document, order="sorted")


def _digest(document: bytes, arrays: dict[str, NDArray[Any]]) -> str:
    digest = hashlib.sha256(document)
    for name in sorted(arrays):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()
