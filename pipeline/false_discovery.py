"""The correction for many tests, in which a hypothesis that stands in several rows is tested once.

An answer and the net of all the others part the same organisations, and so do two groups that happen to have the same
members: one test, printed twice. Counted twice it would raise the rank of every larger p, and make words clear that are
not; so it counts where it stands first, and its other rows have what that one has.
"""

import hashlib

import numpy as np
import pandas as pd


def label(*arrays):
    """A short label of some arrays of numbers: the same for the same values in the same order, and for no others."""
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(array.tobytes())
    return found.hexdigest()


def adjust(p, hypotheses):
    """Benjamini and Hochberg's (1995) adjusted p of each test, and whether the test counts in the correction.

    `p` is a Series without gaps; `hypotheses` one with its index, a label for what is tested: of the tests with one
    label the first counts. Returns a table with the index and the columns `p_adjusted` and `counted`.
    """
    from scipy.stats import false_discovery_control

    counted = ~hypotheses.duplicated()
    adjusted = np.empty(0) if p.empty else false_discovery_control(p[counted].clip(0, 1), method="bh")
    by_label = dict(zip(hypotheses[counted], adjusted, strict=True))
    return pd.DataFrame({"p_adjusted": hypotheses.map(by_label).astype(float), "counted": counted})
