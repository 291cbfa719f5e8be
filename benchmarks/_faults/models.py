"""A model registry that is a folder, so that workers start at once and without MLflow."""

from collections.abc import Sequence
from pathlib import Path

from scorer.swap import Named
from streamscore.bundle import write_bundle
from streamscore.errors import UsageError
from streamscore.sources import Codec, Source
from trainer.history import HistoryBuilder
from trainer.training import train

_ALIAS_FILE = "production"


class FolderRegistry:
    """Holds versions of one model, `<folder>/<number>`, and the number in force.

    Parameters
    ----------
    folder : Path
        The folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def production(self, source: str) -> Named | None:
        """Return the version in force, or none."""
        try:
            version = (self.folder / _ALIAS_FILE).read_text("ascii")
        except FileNotFoundError:
            return None
        return Named(source, version)

    def fetch(self, named: Named) -> Path:
        """Return a version's directory.

        Raises
        ------
        UsageError
            When there is no such version.
        """
        path = self.folder / named.version
        if not path.is_dir():
            raise UsageError(f"a model version must be registered; received {path}, which is not")
        return path

    def promote(self, version: str) -> None:
        """Put a version in force, at once for every reader."""
        self.folder.mkdir(parents=True, exist_ok=True)
        fresh = self.folder / f"{_ALIAS_FILE}.new"
        fresh.write_text(version, "ascii")
        fresh.replace(self.folder / _ALIAS_FILE)


def add_version(
    registry: FolderRegistry,
    source: Source,
    values: Sequence[bytes],
    version: str,
    seed: int,
    detector: str = "isolation-forest",
) -> None:
    """Train on some records and add the model as a version, which is not yet in force."""
    codec = Codec(source)
    builder = HistoryBuilder(codec, len(values))
    for place, value in enumerate(values):
        builder.take(value, 0, place)
    # The time of training is no part of a bundle.
    made = train(codec, builder.history("faults"), detector, seed, lambda: 0.0)
    write_bundle(made.bundle, registry.folder / version)
