"""The rule `cloudless_exolabs`: clouds by s2cloudless, snow by the ExoLabs snow map, a map of water (Nimbus, mode CE).

Clouds are where their probability is above the threshold; then snow; then the water of the map; then ground where the snow
map says that there is no snow, or the scene classification that the region is dark.
"""

import numpy as np

from synthesis.labels.evidence import Evidence, Indices, SceneCodes

NEEDS_CLOUD_PROBABILITY = True


def label(
    evidence: Evidence, codes: SceneCodes, indices: Indices, unclassified: str, masked: bool | None
) -> np.ndarray:
    """Class indices, (h, w) uint8.

    Args:
        evidence: of a window.
        codes: of the classification.
        indices: what the mask holds for each class.
        unclassified: what becomes of pixels of which the rule says nothing: `ignore`: unknown; `published`: cloud.
        masked: whether pixels without scene classification are unknown whatever else is known of them. None: no.
    """
    ignore = unclassified == "ignore"
    mask = np.full(evidence.shape, indices.unknown if ignore else indices.cloud, np.uint8)
    mask[evidence.bare | (evidence.scene_class == codes.dark)] = indices.ground
    if ignore:
        mask[~evidence.water_known] = indices.unknown
    mask[evidence.water] = indices.water
    mask[evidence.snow] = indices.snow
    if ignore:
        mask[~evidence.cloud_known] = indices.unknown
    mask[evidence.cloud] = indices.cloud
    if masked:
        mask[evidence.scene_class == codes.nodata] = indices.unknown
    return mask
