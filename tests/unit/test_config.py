"""The configuration: each fault is named with its key and what is allowed."""

import copy

import pytest
import yaml

from starloom.config import check


@pytest.fixture
def schema(root):
    return root / "workflow" / "schemas" / "config.schema.yaml"


@pytest.fixture
def config(root):
    return yaml.safe_load((root / "config" / "config.yaml").read_text())


def _merged(base, over):
    for key, value in over.items():
        if isinstance(value, dict):
            _merged(base[key], value)
        else:
            assert key in base, key
            base[key] = value
    return base


def test_the_three_configurations_are_valid_and_override_only_known_keys(root, config, schema):
    check(config, schema)
    for name in ("test", "paper"):
        over = yaml.safe_load((root / "config" / f"{name}.yaml").read_text())
        check(_merged(copy.deepcopy(config), over), schema)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"sky": {"starz": 5}}, ["unknown key 'starz' under 'sky'", "did you mean 'stars'"]),
        ({"sky": {"stars": "many"}}, ["'sky/stars' is 'many'", "type integer", "at least 50"]),
        ({"sky": {"stars": 3}}, ["'sky/stars' is 3", "at least 50"]),
        ({"survey": "dr18"}, ["'survey' is 'dr18'", "'simulated', 'dr17', 'files'"]),
        ({"split": {"train": 0.9}}, ["'split'", "is 1.1, it must be 1"]),
        ({"survey": "files"}, ["'files/xp' is empty"]),
        ({"scatter_vae": {"training": {"epochs": 0}}}, ["'scatter_vae/training/epochs' is 0"]),
    ],
)
def test_a_fault_names_its_key_and_what_is_allowed(config, schema, change, words):
    for key, value in change.items():
        if isinstance(value, dict):
            for inner, new in value.items():
                if isinstance(new, dict):
                    config[key][inner].update(new)
                else:
                    config[key][inner] = new
        else:
            config[key] = value
    with pytest.raises(ValueError) as caught:
        check(config, schema)
    for word in words:
        assert word in str(caught.value)


def test_every_unknown_key_is_named_with_its_own_close_match(config, schema):
    config["sky"] |= {"starz": 5, "xp_filez": 2}
    config["surveys"] = "dr17"
    with pytest.raises(ValueError) as caught:
        check(config, schema)
    lines = str(caught.value).splitlines()
    for words in (
        "unknown key 'starz' under 'sky' (did you mean 'stars'?)",
        "unknown key 'xp_filez' under 'sky' (did you mean 'xp_files'?)",
        "unknown key 'surveys' (did you mean 'survey'?)",
    ):
        assert sum(words in line for line in lines) == 1
    assert lines[-1].endswith(": workflow/schemas/config.schema.yaml")


def test_a_missing_key_is_named(config, schema):
    del config["sky"]["stars"]
    with pytest.raises(ValueError, match=r"'sky': 'stars' is a required property"):
        check(config, schema)


def test_every_key_of_the_schema_says_what_it_means(schema):
    def walk(node, path):
        assert node.get("description") or "$ref" in node, path
        for name, child in node.get("properties", {}).items():
            walk(child, f"{path}/{name}")

    document = yaml.safe_load(schema.read_text())
    for name, node in (document["properties"] | document["$defs"]).items():
        walk(node, name)
