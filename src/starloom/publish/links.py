"""Whether a research object holds together: every link there that the way to raw files needs."""

import hashlib
import json
from collections.abc import Iterator

# The links that must lead to an entity of a type: (property, type of the entity that has it).
INCOMING = {
    "File": [("hasPart", "Dataset")],
    "Dataset": [("hasPart", "Dataset")],
    "CreateAction": [("mentions", "Dataset")],
    "ControlAction": [("object", "OrganizeAction")],
    "OrganizeAction": [("mentions", "Dataset")],
    "HowToStep": [("step", "ComputationalWorkflow")],
    "ComputationalWorkflow": [("mainEntity", "Dataset"), ("instrument", "CreateAction")],
    "SoftwareSourceCode": [
        ("instrument", "CreateAction"),
        ("hasPart", "ComputationalWorkflow"),
    ],
    "ComputerLanguage": [("programmingLanguage", "ComputationalWorkflow")],
    "SoftwareApplication": [("instrument", "OrganizeAction")],
}
# The links that an entity of a type must have: (property, type of what it leads to).
OUTGOING = {
    "CreateAction": [("instrument", "SoftwareSourceCode")],
    "ControlAction": [("instrument", "HowToStep"), ("object", "CreateAction")],
    "OrganizeAction": [("instrument", "SoftwareApplication"), ("result", "CreateAction")],
    "HowToStep": [("workExample", "SoftwareSourceCode")],
}


def link_seal(action: dict) -> str:
    """A digest of an action's objects and results, so that a missing one shows."""
    ends = {name: sorted(_targets(action, name)) for name in ("object", "result")}
    return f"links {hashlib.sha256(json.dumps(ends, sort_keys=True).encode()).hexdigest()}"


def broken_links(crate: dict) -> list[str]:
    """
    Find the links that are missing from a crate of `write_crate`.

    Args:
        crate: the metadata document.

    Returns:
        What is missing, one sentence each; empty for a whole crate.
    """
    entities = {entity["@id"]: entity for entity in crate["@graph"]}
    incoming: dict[str, set[tuple[str, str]]] = {}
    problems = []
    for entity in entities.values():
        for name in entity:
            for target in _targets(entity, name):
                if target not in entities and not target.startswith("https://w3id.org/ro/crate/"):
                    problems.append(f"{entity['@id']} links to {target}, which is not there")
                for kind in _types(entity):
                    incoming.setdefault(target, set()).add((name, kind))
    for name, entity in entities.items():
        problems += _missing(entity, entities, incoming.get(name, set()))
    return [*problems, *_numbers_without_origin(entities)]


def _missing(entity: dict, entities: dict, incoming: set) -> Iterator[str]:
    """What one entity lacks."""
    name, kinds = entity["@id"], set(_types(entity))
    if "ComputationalWorkflow" in kinds:
        kinds -= {"SoftwareSourceCode"}
    for kind in sorted(kinds):
        for link in INCOMING.get(kind, ()):
            if link not in incoming and name != "./":
                yield f"no {link[1]} has {name} as {link[0]}"
        for link, wanted in OUTGOING.get(kind, ()):
            found = {one for target in _targets(entity, link) for one in _kinds(entities, target)}
            if wanted not in found:
                yield f"{name} has no {wanted} as {link}"
    if "CreateAction" in kinds and entity.get("identifier") != link_seal(entity):
        yield f"{name} has not the objects and results that it had"
    if name == "ro-crate-metadata.json":
        if _targets(entity, "about") != ["./"] or len(_targets(entity, "conformsTo")) != 2:
            yield f"{name} does not say what it is about and what it conforms to"
    elif not incoming:
        yield f"nothing links to {name}"
    if name.startswith("https://w3id.org/") and ("conformsTo", "Dataset") not in incoming:
        yield f"the crate does not say that it conforms to {name}"


def _numbers_without_origin(entities: dict) -> Iterator[str]:
    """Follow each number through files and jobs; say where the way to the origins breaks."""
    origins = set(_targets(entities.get("#run", {}), "object"))
    writer: dict[str, str] = {}
    for name, entity in entities.items():
        if "CreateAction" in _types(entity) and name != "#run":
            writer |= dict.fromkeys(_targets(entity, "result"), name)
    listed = set(_targets(entities.get("./", {}), "variableMeasured"))
    for number, entity in entities.items():
        if "propertyID" not in entity:
            continue
        files = _targets(entity, "subjectOf")
        back = [file for file in files if number in _targets(entities.get(file, {}), "about")]
        if number not in listed or not files or back != files:
            yield f"{number} and its file are not linked both ways"
        waiting, seen = list(files), set()
        while waiting:
            file = waiting.pop()
            if file in seen or not {"File", "Dataset"} & set(_kinds(entities, file)):
                continue
            seen.add(file)
            if file in writer:
                waiting += _targets(entities[writer[file]], "object")
            elif file not in origins:
                yield f"{number}: nothing says where {file} comes from"


def _types(entity: dict) -> list[str]:
    kinds = entity.get("@type", [])
    return kinds if isinstance(kinds, list) else [kinds]


def _kinds(entities: dict, name: str) -> list[str]:
    return _types(entities.get(name, {}))


def _targets(entity: dict, name: str) -> list[str]:
    """The names that a property of an entity links to."""
    values = entity.get(name, [])
    values = values if isinstance(values, list) else [values]
    return [value["@id"] for value in values if isinstance(value, dict)]
