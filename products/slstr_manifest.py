"""What the manifest of an SLSTR product says of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from products.safe_xml import elements, first_text, parse_xml


@dataclass(frozen=True)
class SlstrManifest:
    """Parts of `xfdumanifest.xml`.

    Attributes:
        name: the product's, with `.SEN3`; "" where it does not say.
        cloudy_percent: grid ("1 km", "0.5 km stripe A", ...) -> share of its pixels that the summary flag calls cloudy.
        baseline: of the processing, e.g. "SL__L1_.004.06.00"; "" where it does not say.
    """

    name: str = ""
    cloudy_percent: Mapping[str, float] = field(default_factory=dict)
    baseline: str = ""


def read_manifest(document: bytes, label: str) -> SlstrManifest:
    """A manifest.

    Args:
        document: its bytes.
        label: how messages call it.

    Raises:
        UserError: it is no plain XML.
    """
    root = parse_xml(document, label)
    cloudy: dict[str, float] = {}
    for summary in elements(root, "classificationSummary"):
        for share in elements(summary, "cloudyPixels"):
            try:
                cloudy.setdefault(summary.get("grid", ""), float(share.get("percentage", "")))
            except ValueError:  # nothing to tell
                continue
    return SlstrManifest(
        first_text(root, "productName") or "", cloudy, first_text(root, "processingBaseline") or ""
    )
