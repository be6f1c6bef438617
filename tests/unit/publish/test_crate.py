"""The research object: a validator accepts it, and refuses it when a link is missing."""

import copy
import json
from pathlib import Path

import pytest
import rocrate
from rocrate.rocrate import ROCrate
from rocrate_validator import models, services
from rocrate_validator.utils.http import HttpRequester

from starloom.provenance import file_digest
from starloom.publish.crate import write_crate
from starloom.publish.links import broken_links

METADATA = "results/ro-crate-metadata.json"
BIOSCHEMAS = "https://bioschemas.org/"
RUN_TERMS = "https://w3id.org/ro/terms/workflow-run#"


@pytest.fixture
def crate(tree) -> dict:
    write_crate("results", METADATA)
    return json.loads(Path(METADATA).read_text())


@pytest.fixture
def offline(monkeypatch):
    """The two JSON-LD contexts from here: the library's, with the four terms of version 1.1."""
    bundled = json.loads((Path(rocrate.__file__).parent / "data/ro-crate.jsonld").read_text())
    old = {
        "ComputationalWorkflow": f"{BIOSCHEMAS}ComputationalWorkflow",
        "FormalParameter": f"{BIOSCHEMAS}FormalParameter",
        "input": f"{BIOSCHEMAS}ComputationalWorkflow#input",
        "output": f"{BIOSCHEMAS}ComputationalWorkflow#output",
    }
    contexts = {
        "https://w3id.org/ro/crate/1.1/context": bundled["@context"] | old,
        "https://w3id.org/ro/terms/workflow-run/context": {"sha256": f"{RUN_TERMS}sha256"},
    }

    class Answer:
        status_code = 200
        headers = {"Content-Type": "application/ld+json"}  # noqa: RUF012

        def __init__(self, url):
            self._context = contexts[url]

        def json(self):
            return {"@context": self._context}

    monkeypatch.setattr(HttpRequester, "get", lambda _, url, **__: Answer(url), raising=False)


def validated(crate: dict) -> list[str]:
    """What roc-validator finds missing of what the profile demands."""
    Path(METADATA).write_text(json.dumps(crate))
    settings = services.ValidationSettings(
        rocrate_uri="results",
        profile_identifier="provenance-run-crate-0.5",
        requirement_severity=models.Severity.REQUIRED,
    )
    return [issue.message for issue in services.validate(settings).get_issues()]


def entity(crate: dict, name: str) -> dict:
    return next(one for one in crate["@graph"] if one["@id"] == name)


def test_the_validator_accepts_the_run(crate, offline):
    assert validated(crate) == []


@pytest.mark.parametrize(
    ("name", "link"),
    [
        ("#job/train_vae", "instrument"),
        ("#job/train_vae/control", "object"),
        ("#step/train_vae", "workExample"),
        ("./", "hasPart"),
        ("#run", "instrument"),
    ],
)
def test_the_validator_refuses_a_crate_without_a_link(crate, offline, name, link):
    del entity(crate, name)[link]
    assert validated(crate) != []


def test_every_single_link_that_is_removed_is_missed(crate):
    """The negative control of the check that `write_crate` does before it writes."""
    assert broken_links(crate) == []
    unnoticed = []
    for place, one in enumerate(crate["@graph"]):
        for name, values in one.items():
            targets = values if isinstance(values, list) else [values]
            for index, target in enumerate(targets):
                if not isinstance(target, dict):
                    continue
                less = copy.deepcopy(crate)
                rest = targets[:index] + targets[index + 1 :]
                less["@graph"][place][name] = copy.deepcopy(rest)
                if not broken_links(less):
                    unnoticed.append((one["@id"], name, target["@id"]))
    assert unnoticed == []


def test_a_number_leads_through_files_and_jobs_to_the_seed(crate):
    number = entity(crate, "#number/xpvae.val_loss")
    assert number["value"] == -93.5
    assert number["unitText"] == "nat"
    file = entity(crate, number["subjectOf"]["@id"])
    assert file["sha256"] == file_digest("results/numbers/scatter_vae.json")
    (job,) = [
        one
        for one in crate["@graph"]
        if one["@type"] == "CreateAction"
        and one["result"] == {"@id": file["@id"]}
        and one["@id"] != "#run"
    ]
    assert job["instrument"] == {"@id": "#tool/number_vae"}
    read = [link["@id"] for link in job["object"]]
    assert [name for name in read if "#" not in name] == ["vae/evaluation.json"]
    raw = entity(crate, "truth/stars.parquet")
    assert raw["description"] == "simulated from seed 7, sky {cemp yes, stars 4}"
    assert {"@id": "#job/sky_stars/seed"} in entity(crate, "#job/sky_stars")["object"]
    beside = [entity(crate, link["@id"]) for link in number["valueReference"]]
    assert [one["value"] for one in beside] == [0.25, 800, -94.2671]


def test_a_download_carries_its_address(tree):
    raw = "results/raw/gaia/XpContinuousMeanSpectrum_0.csv.gz"
    Path("results/provenance/sky_spectra-chunk=0.json").unlink()
    Path("results/raw/manifest.csv").write_text(
        "path,address,sha256,bytes,time,release\n"
        f"{raw},https://archive/xp.csv.gz,{file_digest(raw)},9,2026-01-01,dr3\n"
    )
    write_crate("results", METADATA)
    crate = json.loads(Path(METADATA).read_text())
    found = entity(crate, raw.removeprefix("results/"))
    assert found["url"] == "https://archive/xp.csv.gz"
    assert found["sdDatePublished"] == "2026-01-01"
    assert {"@id": found["@id"]} in [entity(crate, "#run")["object"]]


def test_the_same_records_give_the_same_bytes(crate):
    before = Path(METADATA).read_bytes()
    write_crate("results", METADATA)
    assert Path(METADATA).read_bytes() == before


def test_the_library_reads_it(crate):
    loaded = ROCrate("results")
    assert loaded.mainEntity.id == "workflow/Snakefile"
    assert loaded.get("#job/train_vae").type == "CreateAction"


def test_a_product_without_a_record_is_refused(tree):
    Path("results/figures/loose.png").write_bytes(b"x")
    with pytest.raises(ValueError, match=r"no job says that it wrote results/figures/loose\.png"):
        write_crate("results", METADATA)
    assert not Path(METADATA).exists()
