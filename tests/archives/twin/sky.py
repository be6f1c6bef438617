"""
The archives of a simulated sky: its raw files behind the services and trees of the real ones.

Where an archive's answer is not a raw file itself, it is made here as the archive makes it: Gaia's
table of 2MASS neighbours by position, DataLink's spectra from the bulk files.
"""

import gzip
import hashlib
import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import astropy.units as u
import numpy as np
from astropy.coordinates import SkyCoord, search_around_sky
from astropy.table import MaskedColumn, Table

from starloom.archives import kepler, queries, sdss_client
from starloom.archives.gaia import read_gaia_source
from starloom.archives.schema import archive_columns
from starloom.archives.sdss import read_allstar
from starloom.archives.simbad import read_cache
from starloom.archives.twomass import read_twomass
from starloom.archives.unwise import read_unwise
from starloom.archives.vizier import TABLES
from starloom.prepare.positions import carry, separation_arcsec
from starloom.prepare.twomass import point_sources
from twin.light_datalink import LightDataLink
from twin.light_tap import LightTap
from twin.server import Server

_XP = "gaia/xp_continuous/XpContinuousMeanSpectrum_*.csv.gz"
_SOURCES = "gaia/gaia_source/GaiaSource_*.csv.gz"
_RADIUS_ARCSEC = 1.0
ASTRONN = "apogee_astroNN-DR17.fits"
LAMOST = ("dr7_v2.0_LRS_stellar.fits.gz", "dr7_v2.0_MRS_stellar.fits.gz")


def tables(raw: Path) -> dict[str, Table]:
    """
    Tables of the TAP services.

    Args:
        raw: results/raw of a simulated run.
    """
    gaia = _gaia(raw)
    twomass = read_twomass(raw / "twomass" / "twomass.csv.gz")
    valid = Table({"tmass_oid": np.arange(len(twomass["ra"]))})
    for name in queries.TWOMASS_COLUMNS[1:]:
        valid[name] = _column("twomass", name, twomass, len(valid))
    neighbours = _neighbours(gaia, twomass)
    unwise = read_unwise(raw / "unwise" / "unwise.cat.fits")
    return {
        "gaiadr3.gaia_source": gaia,
        "gaiadr3.tmass_psc_xsc_best_neighbour": neighbours,
        "gaiadr3.tmass_psc_xsc_join": Table(
            {
                "clean_tmass_psc_xsc_oid": valid["tmass_oid"],
                "original_psc_source_id": valid["designation"],
            }
        ),
        "gaiadr1.tmass_original_valid": valid,
        "public.unwise_2019": Table(unwise),
    }


def light_services(raw: Path) -> dict[str, object]:
    """TAP and DataLink without packages of their own, by the path that they are served under."""
    tap = LightTap()
    for name, table in tables(raw).items():
        tap.add(name.removeprefix("public."), table)
    return {"/tap": tap, "/data-server/data": datalink(raw)}


def datalink(raw: Path) -> LightDataLink:
    """DataLink with the spectra of the bulk files, in the text that the archive gives."""
    header, rows = b"", {}
    wanted = list(archive_columns("xp_continuous"))
    for path in sorted(raw.glob(_XP)):
        lines = [
            line for line in gzip.decompress(path.read_bytes()).splitlines() if line[:1] != b"#"
        ]
        names = lines[0].decode().split(",")
        places = [names.index(name) for name in wanted]
        header = ",".join(wanted).encode()
        for line in lines[1:]:
            cells = list(_cells(line))
            rows[int(cells[0])] = b",".join(_as_datalink(cells[place]) for place in places)
    return LightDataLink(header, rows)


def serve_trees(raw: Path, server: Server) -> None:
    """Lay the files of trees: allStar, astroNN's ages, LAMOST's tables, Gaia's bulk files."""
    for pattern, place in (
        (_XP, "Gaia/gdr3/Spectroscopy/xp_continuous_mean_spectrum"),
        (_SOURCES, "Gaia/gdr3/gaia_source"),
    ):
        folder = server.root / place
        folder.mkdir(parents=True)
        sums = []
        for path in sorted(raw.glob(pattern)):
            shutil.copyfile(path, folder / path.name)
            sums.append(f"{hashlib.md5(path.read_bytes()).hexdigest()}  {path.name}\n")
        (folder / "_MD5SUM.txt").write_text("".join(sums))
    lamost = [f"lamost/{name}" for name in LAMOST]
    for name in ("apogee/allStar.fits", f"apogee/{ASTRONN}", *lamost):
        shutil.copyfile(raw / name, server.root / Path(name).name)


def serve_spectra(raw: Path, server: Server) -> int:
    """
    The simulated spectra of stars that allStar names, with the lists of their fields.

    Returns:
        How many spectra there are, apStar and aspcapStar together; the archive lacks the others.
    """
    names = ("TELESCOPE", "FIELD", "FILE", "APOGEE_ID")
    allstar = read_allstar(raw / "apogee" / "allStar.fits", names)
    base, count = server.root / "sas/dr17/apogee/spectro", 0
    for kind, place in (("stars", "redux/dr17/stars"), ("aspcap", "aspcap/dr17/synspec_rev1")):
        for one in sdss_client.spectra(allstar, kind):
            source = raw / "apogee" / kind / one.folder / one.file
            if not source.exists():
                continue
            folder = base / place / one.folder
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, folder / one.file)
            sums = {"stars": f"dr17_stars_{one.telescope}_{one.field}.sha1sum"}
            name = sums.get(kind) or sdss_client.list_name(one.telescope, one.field)
            with open(folder / name, "a") as handle:
                handle.write(f"{hashlib.sha1(source.read_bytes()).hexdigest()}  {one.file}\n")
            count += 1
    return count


def serve_light_curves(raw: Path, server: Server) -> list[int]:
    """The simulated light curves, one folder a star; gives the stars' KIC numbers."""
    folders = {path.parent for path in (raw / "kepler").glob("*/*/kplr*_llc.fits")}
    for folder in folders:
        kic = kepler.folder_of(int(folder.name))
        shutil.copytree(folder, server.root / "missions/kepler/lightcurves" / kic)
    return sorted(int(folder.name) for folder in folders)


def add_labels(tap: LightTap, raw: Path) -> None:
    """Published tables with their number of rows: simulated stars, then rows without a KIC."""
    for name, published in TABLES.items():
        path = raw / "labels" / f"{name}.fits"
        columns = Table.read(path) if path.exists() else Table({"KIC": np.zeros(1, int)})
        rows = max(published.rows, len(columns))
        tap.add(
            f'"{published.table}"',
            Table({key: _lengthened(columns[key], rows) for key in columns.colnames}),
        )


def add_simbad(tap: LightTap, raw: Path) -> None:
    """SIMBAD's identifiers and objects: the stars that the simulated sky says it knows."""
    rows = read_cache(raw / "simbad" / "types.csv").values()
    known = [row for row in rows if row["main_id"]]
    oid, column = np.arange(len(known)), lambda name: [row[name] for row in known]
    names = [f"Gaia DR3 {one}" for one in column("source_id")]
    tap.add("ident", Table({"id": names, "oidref": oid}))
    objects = {name: column(name) for name in ("main_id", "otype", "sp_type", "rvz_radvel")}
    tap.add("basic", Table({"oid": oid} | objects))


def _lengthened(column, rows: int) -> np.ndarray:
    values = np.zeros(rows, column.dtype)
    values[: len(column)] = column
    return values


def write_datasets(root: Path, server: Server, tap: str, path: Path) -> None:
    """
    The project's table of sources with the twin's addresses.

    Args:
        root: of the work tree.
        server: of trees and DataLink.
        tap: address of the TAP service.
        path: the table to write.
    """
    text = (root / "config" / "datasets.csv").read_text()
    sha1, ages = (
        hashlib.sha1((server.root / name).read_bytes()).hexdigest()
        for name in ("allStar.fits", ASTRONN)
    )
    size = (server.root / "allStar.fits").stat().st_size
    replaced = {
        r"https://[^,]*allStar-dr17-synspec_rev1\.fits": f"{server.address}/allStar.fits",
        r"https://[^,]*apogee_astroNN-DR17\.fits": f"{server.address}/{ASTRONN}",
        r"sha1:7aa2\w+,\d+": f"sha1:{sha1},{size}",
        r"sha1:c422\w+": f"sha1:{ages}",
        r",,470000,": ",,4700,",  # a plan counts 17,000 Kepler stars; the twin has few
        r"https://data\.sdss\.org/sas": f"{server.address}/sas",
        r"https://dr7\.lamost\.org/catdl\?name=": f"{server.address}/",
        r"https://archive\.stsci\.edu/missions": f"{server.address}/missions",
        r"https://simbad\.cds[^,]*/sim-tap": f"{server.address}/tap",
        r"https://tapvizier[^,]*/tap": f"{server.address}/tap",
        r"https://gea\.esac\.esa\.int/tap-server/tap": tap,
        r"https://irsa\.ipac\.caltech\.edu/TAP": tap,
        r"https://gea\.esac\.esa\.int": server.address,
        r"https://cdn\.gea\.esac\.esa\.int": server.address,
    }
    for pattern, address in replaced.items():
        text = re.sub(pattern, address, text)
    # Whatever is left would be on the network.
    text = re.sub(r"https?://(?!127\.0\.0\.1)[^/,]+", "http://127.0.0.1:9", text)
    path.write_text(text)


def _gaia(raw: Path) -> Table:
    parts = [read_gaia_source(path) for path in sorted(raw.glob(_SOURCES))]
    read = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    names = queries.GAIA_COLUMNS
    return Table({name: _column("gaia_source", name, read, len(read["ra"])) for name in names})


def _column(table: str, name: str, read: Mapping[str, np.ndarray], count: int) -> MaskedColumn:
    """A column in the archive's type; missing where the reader says so, or where there is none."""
    dtype = archive_columns(table)[name].dtype
    if name not in read:
        empty = np.full(count, "" if dtype == "string" else 0)
        return MaskedColumn(empty.astype("U1" if dtype == "string" else dtype), mask=True)
    values = read[name]
    missing = values == -1 if values.dtype.kind == "i" else np.zeros(count, bool)
    return MaskedColumn(values, mask=missing)


def _neighbours(gaia: Table, twomass: Mapping[str, np.ndarray]) -> Table:
    """The nearest good 2MASS row of each source, both at that row's epoch."""
    usable = np.flatnonzero(point_sources(twomass, len(twomass["ra"]))[0])
    here = SkyCoord(np.asarray(gaia["ra"]), np.asarray(gaia["dec"]), unit=u.deg)
    there = SkyCoord(twomass["ra"][usable], twomass["dec"][usable], unit=u.deg)
    one, two, _, _ = search_around_sky(here, there, 60 * u.arcsec)
    two = usable[two]
    names = ("ra", "dec", "pmra", "pmdec", "ref_epoch")
    moving = (np.asarray(gaia[name], float)[one] for name in names)
    epoch = 2000 + (twomass["j_date"][two] - 2451545.0) / 365.25
    ra, dec, _ = carry(*moving, epoch)
    distance = separation_arcsec(ra, dec, twomass["ra"][two], twomass["dec"][two])
    order = np.lexsort((distance, one))
    order = order[distance[order] <= _RADIUS_ARCSEC]
    _, places, count = np.unique(one[order], return_index=True, return_counts=True)
    nearest = order[places]
    return Table(
        {
            "source_id": np.asarray(gaia["source_id"])[one[nearest]],
            "clean_tmass_psc_xsc_oid": two[nearest],
            "angular_distance": distance[nearest].astype(np.float32),
            "number_of_neighbours": count.astype(np.int16),
        }
    )


def _cells(line: bytes) -> Iterator[bytes]:
    """Cells of a csv line whose arrays are quoted."""
    for quoted, plain in re.findall(rb'(?:^|,)(?:"([^"]*)"|([^,]*))', line):
        yield quoted or plain


def _as_datalink(cell: bytes) -> bytes:
    """Arrays in parentheses, missing cells empty."""
    if cell.startswith(b"["):
        return b'"(' + cell[1:-1].replace(b",", b", ") + b')"'
    return b"" if cell == b"null" else cell
