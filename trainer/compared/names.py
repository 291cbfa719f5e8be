"""The list of the detectors that can be compared."""

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from streamscore.errors import UsageError

Way = Literal["alone", "ranks", "beside", "online"]
"""How records are scored; `Compared` says what each means."""

First = Literal["", "cut", "unit"]
"""What is done to prepared records first; `Compared` says what each means."""

TORCH = "torch"
"""The extra that brings PyTorch."""


class Compared(Struct, frozen=True, kw_only=True):
    """A detector that is compared.

    Attributes
    ----------
    name : str
        Its name on the command line.
    kind : str
        Its class, as `module:Class`.
    good_for : str
        What it looks at, in a line.
    way : {"alone", "ranks", "beside", "online"}
        How records are scored. Alone: each against what was learned. Ranks: each against the ranks
        of the records learned from, frozen, where the library would rank it among its batch.
        Beside: the algorithm judges a set of records as a whole, so a few records at a time are
        laid beside the same sample of those learned from. Online: each is scored and then learned.
    most_rows : int
        The most records that it learns from, a seeded sample of more: its cost grows with their
        square or worse. 0 takes all.
    first : {"", "cut", "unit"}
        What the method demands and the library leaves to its user. Cut: each column to its range in
        the records learned from. Unit: each record to length 1.
    extra : str
        The extra of this package that it needs; empty for none.
    parameters : mapping of str to plain values
        What differs from the library's own defaults.
    """

    name: str
    kind: str
    good_for: str
    way: Way = "alone"
    most_rows: int = 0
    first: First = ""
    extra: str = ""
    parameters: Mapping[str, Any] = {}


def _pyod(module: str, kind: str, good_for: str, **more: Any) -> Compared:
    name = f"pyod-{module.replace('_', '-')}"
    return Compared(name=name, kind=f"pyod.models.{module}:{kind}", good_for=good_for, **more)


_BESIDE: dict[str, Any] = {"way": "beside", "most_rows": 256}
_NEURAL: dict[str, Any] = {"extra": TORCH}

_LISTED = (
    _pyod("abod", "ABOD", "spread of the angles to its neighbours; many columns"),
    _pyod("cblof", "CBLOF", "distance to the nearest large cluster; data of several clusters"),
    _pyod("cd", "CD", "influence on regressions of each column on the others", **_BESIDE),
    _pyod("cof", "COF", "neighbours that chain up badly; data along lines and curves", **_BESIDE),
    _pyod("copod", "COPOD", "extreme values of single columns, weighed by skew", way="ranks"),
    _pyod("ecod", "ECOD", "extreme values of single columns; nothing to choose", way="ranks"),
    _pyod("feature_bagging", "FeatureBagging", "local density in random sets of columns"),
    _pyod("gmm", "GMM", "low density under a mixture of Gaussians"),
    _pyod("hbos", "HBOS", "rare values of single columns; very fast"),
    _pyod("hdbscan", "HDBSCAN", "outside clusters of varying density", most_rows=20_000),
    _pyod("iforest", "IForest", "few random cuts set it apart; a sound default"),
    _pyod("inne", "INNE", "outside hyperspheres around samples; local and fast"),
    _pyod("kde", "KDE", "low density under a kernel; few columns", most_rows=5_000),
    _pyod("knn", "KNN", "far from its nearest neighbours"),
    _pyod("kpca", "KPCA", "badly rebuilt from kernel components; curved data", most_rows=2_000),
    _pyod("lmdd", "LMDD", "adds much to the variance of a set", **_BESIDE),
    _pyod("loci", "LOCI", "few neighbours for its surroundings; very slow", way="beside",
          most_rows=64),
    _pyod("loda", "LODA", "rare in random sparse projections; very fast"),
    _pyod("lof", "LOF", "thinner than around its neighbours"),
    _pyod("lscp", "LSCP", "the best of several LOFs around each record", most_rows=5_000),
    _pyod("mcd", "MCD", "Mahalanobis distance, robust; columns that rise and fall together"),
    _pyod("ocsvm", "OCSVM", "outside a boundary around the history", most_rows=10_000),
    _pyod("pca", "PCA", "far along the minor components; columns that depend linearly"),
    _pyod("qmcd", "QMCD", "uneven cover of the cube of all values", most_rows=2_000, first="cut"),
    _pyod("rgraph", "RGraph", "off the subspaces that records share; very slow", way="beside",
          most_rows=64, first="unit", parameters={"preprocessing": False}),
    _pyod("rod", "ROD", "outside when rotated in each three columns; few columns", **_BESIDE),
    _pyod("sampling", "Sampling", "far from a small sample; very fast"),
    _pyod("sod", "SOD", "off the subspace that its neighbours share", **_BESIDE),
    _pyod("sos", "SOS", "no other record feels bound to it", **_BESIDE),
    _pyod("ae1svm", "AE1SVM", "outside a boundary in an autoencoder's code", **_NEURAL),
    _pyod("alad", "ALAD", "badly rebuilt by an adversarial network", **_NEURAL),
    _pyod("anogan", "AnoGAN", "hard for a generator to make; very slow", **_NEURAL),
    _pyod("auto_encoder", "AutoEncoder", "badly rebuilt by a narrow network", **_NEURAL),
    _pyod("deep_svdd", "DeepSVDD", "far from the middle of a learned sphere", **_NEURAL),
    _pyod("dif", "DIF", "isolated after random networks", **_NEURAL),
    _pyod("lunar", "LUNAR", "a learned reading of neighbours' distances", **_NEURAL),
    _pyod("mo_gaal", "MO_GAAL", "told from made-up records by several generators", **_NEURAL),
    _pyod("so_gaal", "SO_GAAL", "told from made-up records by one generator", **_NEURAL),
    _pyod("vae", "VAE", "badly rebuilt by a variational autoencoder", **_NEURAL),
    Compared(
        name="river-half-space-trees",
        kind="river.anomaly:HalfSpaceTrees",
        good_for="rare in random halvings of the range; learns on and on",
        way="online",
    ),
)  # fmt: skip

COMPARED: dict[str, Compared] = {one.name: one for one in _LISTED}
"""Name -> detector.

Left out of PyOD: what learns from labels (XGBOD, DevNet), takes one column (MAD) or no matrix (time
series, graphs, texts, sound), and SUOD, which runs others.
"""


def compared_names() -> tuple[str, ...]:
    """Names of the detectors that can be compared."""
    return tuple(COMPARED)


def compared_named(name: str) -> Compared:
    """Return the detector of that name.

    Raises
    ------
    UsageError
        When there is none.

    Examples
    --------
    >>> compared_named("pyod-ecod").way
    'ranks'
    """
    if name not in COMPARED:
        raise UsageError(f"a compared detector is one of {', '.join(COMPARED)}; got {name!r}")
    return COMPARED[name]
