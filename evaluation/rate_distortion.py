"""Points of a rate-distortion curve: sums over a dataset, one image at a time, without keeping the images."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from evaluation.image_metrics import ms_ssim, mse, psnr_of_mse, spectral_angle

# A codec that reproduces an image exactly has no finite PSNR; such an image counts with this many dB.
LOSSLESS_PSNR = 100.0


@dataclass(frozen=True)
class Measurement:
    """What coding one image took and what it lost.

    Attributes:
        total_bytes: every byte of the stream or of the files, headers included.
        header_bytes: the part of them that says nothing about the image (see `ImageCoder.header_bytes`).
        pixels: height times width, pixels without data included: they are coded too.
        bands: bands of the image.
        mse: mean squared error over valid pixels and bands, squared digital numbers.
        psnr: dB, at most `LOSSLESS_PSNR`.
        ms_ssim: in [0, 1], with the number of scales; None for images below 11 px.
        spectral_angle: degrees; None for one band.
        encode_seconds: wall time of encoding, the search for a budget included (JPEG 2000).
        decode_seconds: wall time of decoding.
        estimated_bits: what the entropy model predicted, for learned codecs.
    """

    total_bytes: int
    header_bytes: int
    pixels: int
    bands: int
    mse: float
    psnr: float
    ms_ssim: tuple[float, int] | None
    spectral_angle: float | None
    encode_seconds: float
    decode_seconds: float
    estimated_bits: float | None = None


def measure(
    original: np.ndarray,
    decoded: np.ndarray,
    *,
    data_range: float,
    valid: np.ndarray | None,
    total_bytes: int,
    header_bytes: int,
    encode_seconds: float,
    decode_seconds: float,
    estimated_bits: float | None = None,
) -> Measurement:
    """Compare one decoded image with its original, both `(C, H, W)` in digital numbers.

    Args:
        data_range: the peak of PSNR and MS-SSIM in digital numbers.
        valid: `(H, W)` bool; None means everywhere.
        The others: as in `Measurement`.
    """
    error = mse(original, decoded, valid)
    return Measurement(
        total_bytes=total_bytes,
        header_bytes=header_bytes,
        pixels=original.shape[-2] * original.shape[-1],
        bands=original.shape[0],
        mse=error,
        psnr=min(psnr_of_mse(error, data_range), LOSSLESS_PSNR),
        ms_ssim=ms_ssim(original, decoded, data_range, valid),
        spectral_angle=spectral_angle(original, decoded, valid),
        encode_seconds=encode_seconds,
        decode_seconds=decode_seconds,
        estimated_bits=estimated_bits,
    )


@dataclass
class PointSum:
    """One point in the making: one codec at one setting, summed over the images of a dataset.

    Attributes:
        codec: "learned" or the name of a classical codec.
        setting: quality of the model, or the codec's own setting.
        data_range: the peak of PSNR and MS-SSIM in digital numbers.
        facts: further fields of the point that say how it was made.
    """

    codec: str
    setting: float | None
    data_range: float
    facts: dict[str, Any] = field(default_factory=dict)
    measurements: list[Measurement] = field(default_factory=list)

    def add(self, measurement: Measurement) -> None:
        """Count one image."""
        self.measurements.append(measurement)

    def point(self) -> dict[str, Any]:
        """The point as it stands in `results.json` (`docs/results.md` says what each field means).

        Rates are total bits over total pixels; PSNR, MS-SSIM and the spectral angle are means over images.
        """
        found = self.measurements
        pixels = sum(m.pixels for m in found)
        samples = sum(m.pixels * m.bands for m in found)
        total, header = sum(m.total_bytes for m in found), sum(m.header_bytes for m in found)
        similarities = [m.ms_ssim for m in found if m.ms_ssim is not None]
        angles = [m.spectral_angle for m in found if m.spectral_angle is not None]
        mean_mse = float(np.mean([m.mse for m in found]))
        estimates = [m.estimated_bits for m in found if m.estimated_bits is not None]
        point: dict[str, Any] = {
            "codec": self.codec,
            "setting": self.setting,
            "images": len(found),
            "pixels": pixels,
            "bytes": total,
            "header_bytes": header,
            "bits_per_pixel": 8 * total / pixels,
            "bits_per_pixel_per_band": 8 * total / samples,
            "payload_bits_per_pixel": 8 * (total - header) / pixels,
            "psnr": float(np.mean([m.psnr for m in found])),
            "psnr_of_mean_mse": min(psnr_of_mse(mean_mse, self.data_range), LOSSLESS_PSNR),
            "ms_ssim": float(np.mean([value for value, _ in similarities])) if similarities else None,
            "ms_ssim_scales": min(scales for _, scales in similarities) if similarities else None,
            "spectral_angle": float(np.mean(angles)) if angles else None,
            "lossless_images": sum(m.mse == 0 for m in found),
            "encode_seconds": float(np.mean([m.encode_seconds for m in found])),
            "decode_seconds": float(np.mean([m.decode_seconds for m in found])),
            **self.facts,
        }
        if estimates:
            point["estimated_bits_per_pixel"] = sum(estimates) / pixels
        return point
