"""
The run as a Provenance Run RO-Crate: from each number back to raw files, for other tools to read.

number (PropertyValue) -> File -> CreateAction -> instrument and objects -> ... -> raw File. Files
outside the results folder, and those that were not kept, are named by their content (RFC 6920).

References:
    Leo et al. (2024), Recording provenance of workflow runs with RO-Crate.
"""

import base64
import shutil
from importlib.metadata import version
from pathlib import Path
from urllib.parse import quote

from starloom.numbers import read_numbers_with_files
from starloom.provenance.files import work_tree
from starloom.publish.audit import products
from starloom.publish.chain import Chain, Provenance, chain_of, load
from starloom.publish.entities import (
    COMPLETED,
    file_entities,
    job_entities,
    job_id,
    link,
    links,
    number_entities,
    number_id,
    step_entities,
    tool_entities,
)
from starloom.publish.links import broken_links, link_seal
from starloom.tables import atomic, write_json

CONTEXTS = [
    "https://w3id.org/ro/crate/1.1/context",
    "https://w3id.org/ro/terms/workflow-run/context",
]
PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": "Process Run Crate",
    "https://w3id.org/ro/wfrun/workflow/0.5": "Workflow Run Crate",
    "https://w3id.org/ro/wfrun/provenance/0.5": "Provenance Run Crate",
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": "Workflow RO-Crate",
}
CRATE = "https://w3id.org/ro/crate/1.1"
LICENSE = "https://spdx.org/licenses/MIT.html"
WORKFLOW = "workflow/Snakefile"
"""The crate holds a copy of the Snakefile: its main workflow must be one of its files."""


def write_crate(results: str | Path, path: str | Path) -> None:
    """
    Describe all numbers, figures and catalogues with everything they come from.

    Args:
        results: the results folder, which becomes the crate's root.
        path: the metadata file, `results/ro-crate-metadata.json`; a copy of the Snakefile is
            put beside it, as `workflow/Snakefile`.

    Raises:
        FileNotFoundError: if there are no results.
        ValueError: if a record is broken, or a product has no record; the message names it.
    """
    provenance = load(results)
    chain = _chain(provenance)
    crate = _build(provenance, chain)
    broken = broken_links(crate)
    if broken:
        raise ValueError(f"the research object is not whole: {'; '.join(broken[:5])}")
    script = next(iter(chain.jobs.values()))["code"]["script"]
    tree = work_tree(provenance.locate(script).resolve().parent)
    with atomic(Path(path).parent / WORKFLOW) as temporary:
        shutil.copyfile(tree / "Snakefile", temporary)
    write_json(path, crate)


def _chain(provenance: Provenance) -> Chain:
    """All that leads to the numbers, figures and catalogues."""
    folder = provenance.results.name
    targets = [path for path in products(provenance) if Path(path).parent != Path(folder)]
    chain = chain_of(provenance, targets)
    orphans = [path for path in targets if chain.files[path] is None]
    if orphans or not chain.jobs:
        raise ValueError(f"no job says that it wrote {', '.join(orphans[:5]) or 'any product'}")
    return chain


def _build(provenance: Provenance, chain: Chain) -> dict:
    """The metadata document; the same for the same records."""
    ids = {path: _file_id(provenance, chain, path) for path in chain.files}
    homes = {provenance.locate(path): name for path, name in ids.items()}
    numbers = read_numbers_with_files(provenance.results / "numbers")
    rules = sorted({record["rule"] for record in chain.jobs.values()})
    graph = [
        *file_entities(provenance, chain, ids, numbers),
        *tool_entities(chain, rules),
        *step_entities(rules),
        *job_entities(chain, ids),
        *number_entities(numbers, homes),
        *_run(chain, ids),
        *_workflow(chain, rules),
        *_root(chain, ids, [number for number, _ in numbers]),
    ]
    entities = {entity["@id"]: entity for entity in graph}
    return {"@context": CONTEXTS, "@graph": [entities[name] for name in sorted(entities)]}


def _file_id(provenance: Provenance, chain: Chain, path: str) -> str:
    """The path from the crate's root of a file that is there; else a name made of its content."""
    place = provenance.locate(path)
    if provenance.inside(path) and place.exists():
        inner = Path(path).relative_to(provenance.results.name).as_posix()
        return quote(inner) + ("/" if place.is_dir() else "")
    sha256, _ = chain.content(path)
    if sha256 is None:
        raise ValueError(f"{path} is not there and no record has its sha256")
    code = base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")
    return f"ni:///sha-256;{code}"


def _span(chain: Chain) -> dict[str, str]:
    return {
        "startTime": min(record["started"] for record in chain.jobs.values()),
        "endTime": max(record["ended"] for record in chain.jobs.values()),
    }


def _run(chain: Chain, ids: dict[str, str]) -> list[dict]:
    """The run as one action from origins to products, and its orchestration."""
    run = {
        "@id": "#run",
        "@type": "CreateAction",
        "name": "run of the starloom workflow",
        "description": "All jobs together: from files that no job made to what is published.",
        "instrument": link(WORKFLOW),
        "object": links(ids[path] for path, key in chain.files.items() if key is None),
        "result": links(ids[path] for path in chain.targets),
        "actionStatus": COMPLETED,
        **_span(chain),
    }
    organize = {
        "@id": "#run/steps",
        "@type": "OrganizeAction",
        "name": "orchestrate the starloom workflow",
        "instrument": link("#engine/snakemake"),
        "object": links(f"{job_id(key)}/control" for key in chain.jobs),
        "result": link("#run"),
        **_span(chain),
    }
    return [run | {"identifier": link_seal(run)}, organize]


def _workflow(chain: Chain, rules: list[str]) -> list[dict]:
    """The workflow with its parts, its language and its engine."""
    snakemake = {"name": "Snakemake", "url": "https://snakemake.github.io"}
    commits = {record["code"]["commit"] or "no commit" for record in chain.jobs.values()}
    return [
        {
            "@id": WORKFLOW,
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "name": "starloom",
            "version": ", ".join(sorted(commits)),
            "encodingFormat": "text/plain",
            "programmingLanguage": link("#language/snakemake"),
            "hasPart": links(f"#tool/{rule}" for rule in rules),
            "step": links(f"#step/{rule}" for rule in rules),
        },
        {"@id": "#language/snakemake", "@type": "ComputerLanguage", **snakemake},
        {
            "@id": "#engine/snakemake",
            "@type": "SoftwareApplication",
            "softwareVersion": version("snakemake"),
            **snakemake,
        },
    ]


def _root(chain: Chain, ids: dict[str, str], numbers: list[dict]) -> list[dict]:
    """The crate itself: what it is, what it holds and what it conforms to."""
    labels = ", ".join(sorted({number["data"] for number in numbers})) or "none"
    return [
        {
            "@id": "ro-crate-metadata.json",
            "@type": "CreativeWork",
            "conformsTo": links([CRATE, "https://w3id.org/workflowhub/workflow-ro-crate/1.0"]),
            "about": link("./"),
        },
        {
            "@id": "./",
            "@type": "Dataset",
            "name": f"starloom results, data: {labels}",
            "description": "Catalogues, figures and numbers, each with its way back to raw files.",
            "datePublished": _span(chain)["endTime"],
            "license": link(LICENSE),
            "keywords": labels,
            "conformsTo": links(PROFILES),
            "mainEntity": link(WORKFLOW),
            "hasPart": links([*ids.values(), WORKFLOW]),
            "mentions": links([*map(job_id, chain.jobs), "#run", "#run/steps"]),
            "variableMeasured": links(number_id(number) for number in numbers),
        },
        {
            "@id": LICENSE,
            "@type": "CreativeWork",
            "name": "MIT",
            "description": "The MIT licence of the project.",
        },
        *(
            {"@id": url, "@type": "CreativeWork", "name": name, "version": url.split("/")[-1]}
            for url, name in PROFILES.items()
        ),
    ]
