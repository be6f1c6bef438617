"""Names and passwords for closed data: from the environment only, and never shown."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

ARCHIVES = ("sdss", "gaia")
"""Archives with a login: set STARLOOM_SDSS_USER and STARLOOM_SDSS_PASSWORD, for example."""


@dataclass(frozen=True)
class Logins:
    """
    Logins of the archives.

    Attributes:
        environment: where they are looked up; the process's own by default.
    """

    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def basic(self, archive: str) -> tuple[str, str] | None:
        """
        Name and password of an archive.

        Args:
            archive: one of `ARCHIVES`, or '' for open data.

        Returns:
            None for open data, and where the environment has none.

        Raises:
            ValueError: if the archive is unknown, or only one of the two variables is set.
        """
        if not archive:
            return None
        if archive not in ARCHIVES:
            raise ValueError(f"there is no login for {archive!r}, only for {', '.join(ARCHIVES)}")
        names = [f"STARLOOM_{archive.upper()}_{part}" for part in ("USER", "PASSWORD")]
        user, password = (self.environment.get(name) for name in names)
        if bool(user) != bool(password):
            raise ValueError(f"set both {names[0]} and {names[1]}, or neither")
        return (user, password) if user else None
