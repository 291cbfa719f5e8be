"""Python's garbage collector in a process that holds tens of thousands of records at a time.

Records and outputs of a batch are freed by their reference counts, a batch at a time. The
collector counts them as they come all the same, and each of its full passes goes through all that
libraries and models have in memory: as long as a batch takes, for nothing found.
"""

import gc

_YOUNG_OBJECTS = 200_000
_YOUNG_PASSES = 20
_MIDDLE_PASSES = 20


def spare_batches() -> None:
    """Keep what is in memory now out of all passes, and make passes rarer than batches.

    To be called when a model is loaded and before records are read.

    Examples
    --------
    >>> before = gc.get_threshold()
    >>> spare_batches()
    >>> gc.get_freeze_count() > 0
    True
    >>> gc.unfreeze()
    >>> gc.set_threshold(*before)
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, _YOUNG_PASSES, _MIDDLE_PASSES)
