"""Maps of differences: which class was predicted where which is true, in one number and one colour."""

import numpy as np

from errors import UserError
from products.class_table import IGNORE, ClassTable

MOST_CLASSES = 15  # whose pairs have numbers below 255


def check_classes(classes: ClassTable) -> None:
    """Refuse more classes than a byte has pairs for.

    Raises:
        UserError: naming how many.
    """
    if len(classes) > MOST_CLASSES:
        raise UserError(
            f"classes={classes.name}: found {len(classes)} classes, expected at most {MOST_CLASSES} for maps of "
            "differences; differences=false leaves them out"
        )


def difference_map(prediction: np.ndarray, truth: np.ndarray, num_classes: int) -> np.ndarray:
    """`prediction * K + truth` where both maps `(H, W)` have a class, else 255; uint8 (as Nimbus writes it)."""
    pairs = prediction.astype(np.int64) * num_classes + truth
    return np.where((prediction == IGNORE) | (truth == IGNORE), IGNORE, pairs).astype(np.uint8)


def difference_palette(classes: ClassTable) -> dict[int, tuple[int, int, int, int]]:
    """{number: red, green, blue, alpha}: the mean of both colours, so that what is right has the class's own."""
    palette = {IGNORE: (0, 0, 0, 0)}
    for predicted, first in enumerate(classes.colours):
        for true, second in enumerate(classes.colours):
            red, green, blue = ((a + b) // 2 for a, b in zip(first, second, strict=True))
            palette[predicted * len(classes) + true] = (red, green, blue, 255)
    return palette
