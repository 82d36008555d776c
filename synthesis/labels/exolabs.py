"""The rule `exolabs`: the ExoLabs scene classification and a map of water (Nimbus, mode E).

Clouds are where the classification says so; then snow; then the water of the map; the rest is ground, also dark regions.
"""

import numpy as np

from synthesis.labels.evidence import Evidence, Indices, SceneCodes

NEEDS_CLOUD_PROBABILITY = False


def label(
    evidence: Evidence, codes: SceneCodes, indices: Indices, unclassified: str, masked: bool | None
) -> np.ndarray:
    """Class indices, (h, w) uint8.

    Args:
        evidence: of a window.
        codes: of the classification.
        indices: what the mask holds for each class.
        unclassified: what becomes of pixels of which the classification says nothing: `ignore`: unknown; `published`:
            ground.
        masked: whether they are unknown whatever else is known of them. None: as `unclassified` says, because nothing else
            tells of clouds there.
    """
    ignore = unclassified == "ignore"
    masked = ignore if masked is None else masked
    found = evidence.scene_class
    mask = np.full(evidence.shape, indices.ground, np.uint8)
    if ignore:
        seen = (found == codes.ground) | (found == codes.dark)
        mask[~seen | ~evidence.water_known] = indices.unknown
    mask[evidence.water] = indices.water
    mask[found == codes.snow] = indices.snow
    mask[found == codes.cloud] = indices.cloud
    if masked:
        mask[found == codes.nodata] = indices.unknown
    return mask
