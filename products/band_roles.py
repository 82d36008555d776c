"""Which band of an image is blue, red, near infrared, ...: bands by what they see, whatever files call them."""

from collections.abc import Sequence

from errors import UserError


class BandRoles:
    """Names that bands of a role may have (`conf/band_roles/`).

    Args:
        roles: {role: names, the likelier first}; compared without regard to case.

    Raises:
        UserError: a role without names.
    """

    def __init__(self, **roles: Sequence[str]) -> None:
        self.roles = {role: [str(name) for name in names] for role, names in roles.items()}
        for role, names in self.roles.items():
            if not names:
                raise UserError(
                    f"band_roles.{role}: found no names, expected those that such a band may have"
                )

    def index(self, role: str, bands: Sequence[str]) -> int | None:
        """Position of the band of a role among the names of an image's bands; None where there is none."""
        lower = [band.lower() for band in bands]
        for name in self.roles.get(role, []):
            if name.lower() in lower:
                return lower.index(name.lower())
        return None

    def indices(self, roles: Sequence[str], bands: Sequence[str]) -> list[int] | None:
        """Positions of several; None where one of them is not there."""
        found = [self.index(role, bands) for role in roles]
        return None if None in found else [index for index in found if index is not None]

    def missing(self, roles: Sequence[str], bands: Sequence[str]) -> str:
        """A sentence about roles without a band, "" where none is missing."""
        absent = [role for role in roles if self.index(role, bands) is None]
        if not absent:
            return ""
        wanted = "; ".join(f"{role} ({', '.join(self.roles.get(role, [role]))})" for role in absent)
        return f"no band for {wanted}; found {', '.join(bands) or 'no names'}"
