"""A small DataLink service: XP continuous spectra as a zip, some of them missing on demand."""

import io
import zipfile
from dataclasses import dataclass, field
from urllib.parse import parse_qs

from twin.server import Answer


@dataclass
class LightDataLink:
    """
    The service; call it with a request as `twin.server.Service`.

    Attributes:
        header: line of column names.
        rows: each star's line by source_id.
        most_ids: a request with more is refused.
        forget: how often a star is left out of answers before it is given.
        individual: one file a star in the zip, instead of one of all.
        asked: ids of each request.
    """

    header: bytes
    rows: dict[int, bytes]
    most_ids: int = 5000
    forget: dict[int, int] = field(default_factory=dict)
    individual: bool = False
    asked: list[list[int]] = field(default_factory=list)

    def __call__(self, method: str, rest: str, headers: dict, body: bytes) -> Answer:
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        if form["RETRIEVAL_TYPE"] != "XP_CONTINUOUS" or form["FORMAT"] != "csv":
            return Answer(b"this service knows XP_CONTINUOUS as csv", 400, "text/plain")
        ids = [int(cell) for cell in form["ID"].split(",")]
        self.asked.append(ids)
        if len(ids) > self.most_ids:
            return Answer(b"too many ids", 400, "text/plain")
        given = [one for one in ids if one in self.rows and not self._forgotten(one)]
        return Answer(self._zip(given), kind="application/zip")

    def _forgotten(self, one: int) -> bool:
        left = self.forget.get(one, 0)
        self.forget[one] = left - 1
        return left > 0

    def _zip(self, ids: list[int]) -> bytes:
        handle = io.BytesIO()
        with zipfile.ZipFile(handle, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, some in self._files(ids):
                lines = [self.header, *(self.rows[one] for one in some)]
                archive.writestr(name, b"\n".join(lines) + b"\n")
        return handle.getvalue()

    def _files(self, ids: list[int]) -> list[tuple[str, list[int]]]:
        if self.individual:
            return [(f"XP_CONTINUOUS-Gaia DR3 {one}.csv", [one]) for one in ids]
        return [("XP_CONTINUOUS_RAW.csv", ids[::-1])] if ids else []
