"""Names of a scene's bands: what files call them, and which are asked for."""

from collections.abc import Sequence

from errors import UserError
from products.sensor import Sensor
from products.sentinel2_metadata import band_name, is_spectral


def canonical(name: str, sensor: Sensor | None) -> str:
    """The name that the sensor's config gives to what a file calls a band; names that it does not know stay.

    Files write `B2`, `B02`, `b2`, or the description of the config, e.g. `B2 (490 nm)`.
    """
    if sensor is not None:
        for band in sensor.bands.values():
            if name in (band.name, band.source, band.description):
                return band.name
    return band_name(name) if is_spectral(band_name(name)) else name


def names_by_position(
    described: Sequence[str | None], sensor: Sensor | None, band_order: Sequence[str] | None, source: str
) -> tuple[str, ...]:
    """Names of all bands of a file: as it describes them, else by `band_order`, else `band_1`, ...

    Descriptions count where each band has one of its own and, if there is a `band_order`, at least one is a band of the
    sensor; `Layer 1` and the like say nothing.

    Args:
        described: what the file calls each band; None or "" where it does not.
        sensor: whose bands are known.
        band_order: names by position.
        source: of the file, for messages.

    Raises:
        UserError: `band_order` has another number of bands than the file.
    """
    names = [canonical(name, sensor) for name in described if name]
    if len(names) == len(described) and len(set(names)) == len(names):
        known = sensor is not None and any(name in sensor.bands for name in names)
        if known or not band_order:
            return tuple(names)
    if not band_order:
        return tuple(f"band_{number}" for number in range(1, len(described) + 1))
    if len(band_order) != len(described):
        raise UserError(
            f"{source}: found {len(described)} bands without names, "
            f"expected {len(band_order)} as scenes.band_order says ({', '.join(band_order)})"
        )
    return tuple(band_order)


def positions(wanted: Sequence[str], found: Sequence[str], source: str) -> list[int]:
    """Where in `found` the wanted bands are, in their order.

    Raises:
        UserError: the scene lacks one, one is asked for twice, or none.
    """
    missing = [name for name in wanted if name not in found]
    if missing:
        raise UserError(
            f"{source}: found the bands {', '.join(found) or 'none'}, expected {', '.join(missing)} among them"
        )
    if not wanted:
        raise UserError(
            f"{source}: found the bands {', '.join(found) or 'none'}, expected at least one to read"
        )
    if len(set(wanted)) != len(wanted):
        raise UserError(f"scenes.bands: found {', '.join(wanted)}, expected each band once")
    return [list(found).index(name) for name in wanted]
