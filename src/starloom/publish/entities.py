"""The parts of the research object: files, tools, steps, jobs and numbers as JSON-LD entities."""

import json
import mimetypes
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote

from starloom.provenance import fingerprint
from starloom.publish.chain import Chain, Provenance, origin
from starloom.publish.links import link_seal

COMPLETED = "http://schema.org/CompletedActionStatus"


def link(name: str) -> dict:
    """A reference to an entity."""
    return {"@id": name}


def links(names: Iterable[str]) -> dict | list[dict]:
    """References to entities, sorted, each once; a single one stands without a list."""
    found = [link(name) for name in sorted(set(names))]
    return found[0] if len(found) == 1 else found


def job_id(key: str) -> str:
    """The name of a job's action."""
    return f"#job/{quote(key)}"


def number_id(number: dict) -> str:
    """The name of a published number."""
    return f"#number/{quote(number['id'])}"


def file_entities(
    provenance: Provenance, chain: Chain, ids: dict[str, str], numbers: list[tuple[dict, Path]]
) -> list[dict]:
    """
    Files and folders with sha256, size, origin and the numbers in them.

    Args:
        provenance: what the records of a run say.
        chain: all files and jobs of the crate.
        ids: the entity's name of each file, by path.
        numbers: the published numbers with their files.
    """
    published: dict[Path, list[str]] = {}
    for number, file in numbers:
        published.setdefault(file, []).append(number_id(number))
    entities = []
    for path, name in ids.items():
        sha256, size = chain.content(path)
        place = provenance.locate(path)
        now = fingerprint(place) if sha256 is None else {"sha256": sha256, "bytes": size}
        entity = {
            "@id": name,
            "@type": "Dataset" if name.endswith("/") else "File",
            "name": path,
            "contentSize": str(now["bytes"]),
            "sha256": now["sha256"],
            "encodingFormat": mimetypes.guess_type(path)[0] or "application/octet-stream",
        }
        source = origin(provenance, path)
        if source:
            entity["description"] = source
        row = provenance.manifest.get(path)
        if row and row["address"].startswith(("http://", "https://", "ftp://")):
            entity |= {"url": row["address"], "sdDatePublished": row.get("time") or "unknown"}
        if place in published:
            entity["about"] = links(published[place])
        entities.append(entity)
    return entities


def tool_entities(chain: Chain, rules: list[str]) -> list[dict]:
    """The script of each rule, as it was when its last job ran."""
    latest = {record["rule"]: record for record in chain.jobs.values()}
    return [
        {
            "@id": f"#tool/{rule}",
            "@type": "SoftwareSourceCode",
            "name": latest[rule]["code"]["script"],
            "description": f"What rule {rule} runs, with the project's modules that it imports.",
            "programmingLanguage": "Python",
            "version": latest[rule]["code"]["commit"] or "no commit",
            "identifier": f"code digest {latest[rule]['code']['digest']}",
            "softwareRequirements": f"envs/base.lock with sha256 {latest[rule]['lock']}",
        }
        for rule in rules
    ]


def step_entities(rules: list[str]) -> list[dict]:
    """The rules as steps of the workflow."""
    return [
        {
            "@id": f"#step/{rule}",
            "@type": "HowToStep",
            "name": rule,
            "position": str(place),
            "workExample": link(f"#tool/{rule}"),
        }
        for place, rule in enumerate(rules, start=1)
    ]


def job_entities(chain: Chain, ids: dict[str, str]) -> list[dict]:
    """
    For each job its params, what it did, and that the workflow's engine had it done.

    Args:
        chain: all files and jobs of the crate.
        ids: the entity's name of each file, by path. Of a job's outputs, the crate has those
            that lead to a product.
    """
    entities = []
    for key, record in chain.jobs.items():
        job = job_id(key)
        params = [
            {
                "@id": f"{job}/{quote(name)}",
                "@type": "PropertyValue",
                "name": name,
                "value": value if isinstance(value, str | int | float) else json.dumps(value),
            }
            for name, value in sorted(record["params"].items())
        ]
        inputs = [ids[entry["path"]] for entry in record["inputs"]]
        action = {
            "@id": job,
            "@type": "CreateAction",
            "name": f"rule {key}",
            "description": f"One job of rule {record['rule']}, on {record['survey']} data.",
            "instrument": link(f"#tool/{record['rule']}"),
            "object": links(inputs + [param["@id"] for param in params]),
            "result": links(ids[one["path"]] for one in record["outputs"] if one["path"] in ids),
            "startTime": record["started"],
            "endTime": record["ended"],
            "actionStatus": COMPLETED,
        }
        control = {
            "@id": f"{job}/control",
            "@type": "ControlAction",
            "name": f"orchestrate rule {key}",
            "instrument": link(f"#step/{record['rule']}"),
            "object": link(job),
        }
        entities += [*params, action | {"identifier": link_seal(action)}, control]
    return entities


def number_entities(numbers: list[tuple[dict, Path]], homes: dict[Path, str]) -> list[dict]:
    """
    Each number, with its error, its count of stars and the published value beside.

    Args:
        numbers: the published numbers with their files.
        homes: the entity's name of each file.
    """
    entities = []
    for number, file in numbers:
        name = number_id(number)
        beside = [("error", number["error"], "1 sigma"), ("n", number["n"], "stars that went in")]
        paper = number["published"]
        if paper:
            note = f"; {paper['note']}" if paper["note"] else ""
            beside.append(("published", paper["value"], paper["where"] + note))
        extras = [
            {
                "@id": f"{name}/{what}",
                "@type": "PropertyValue",
                "name": f"{number['id']}: {what}",
                "value": value,
                "description": meaning,
            }
            for what, value, meaning in beside
            if value is not None
        ]
        entity = {
            "@id": name,
            "@type": "PropertyValue",
            "name": number["id"],
            "propertyID": number["id"],
            "value": number["value"],
            "unitText": number["unit"],
            "description": number["definition"],
            "disambiguatingDescription": f"study {number['study']}, data: {number['data']}",
            "subjectOf": link(homes[file]),
        }
        if extras:
            entity["valueReference"] = links(extra["@id"] for extra in extras)
        entities += [*extras, entity]
    return entities
