"""A stage reruns when, and only when, its meaning changes."""

import shutil
from contextlib import contextmanager

import pytest

pytestmark = pytest.mark.workflow

NOTED = {"publish_sources", "all"}
"""What notes any change of the sources, a word included."""

STUDY = {
    "train_scatter_vae",
    "encode_scatter_vae",
    "catalog_scatter_vae",
    "evaluate_scatter_vae",
    "interpret_scatter_vae",
    "plot_scatter_vae",
    "number_scatter_vae",
    "train_lb23",
    "evaluate_lb23",
    "plot_lb23",
    "train_zgr23",
    "evaluate_zgr23",
    "publish_catalog",
    "plot_reconciliation",
    "publish_release",
    "publish_tables",
    *NOTED,
    "publish_page",
    "publish_crate",
    "all",
}


@contextmanager
def edited(path, old, new):
    """Replace a text in a file for as long as the block runs."""
    text = path.read_text()
    assert text.count(old) >= 1, f"{path} has no {old!r}"
    path.write_text(text.replace(old, new, 1))
    try:
        yield
    finally:
        path.write_text(text)


def test_a_second_run_does_nothing(tiny, plan):
    assert plan(tiny) == {}


def test_a_docstring_reruns_nothing_but_the_list_of_sources(tiny, plan):
    with edited(tiny / "src/starloom/models/scatter_vae.py", '"""', '"""Other words. '):
        assert set(plan(tiny)) == NOTED


def test_a_comment_in_a_script_reruns_nothing_but_the_list_of_sources(tiny, plan):
    script = tiny / "workflow/scripts/train_scatter_vae.py"
    with edited(script, "\n\n\ndef main", "\n\n\n# Why so.\ndef main"):
        assert set(plan(tiny)) == NOTED


def test_a_changed_model_reruns_training_and_what_follows_but_not_preparation(tiny, plan):
    path = tiny / "src/starloom/models/scatter_vae.py"
    path_text = path.read_text()
    path.write_text(path_text + "\nMEANING = 2\n")
    try:
        jobs = plan(tiny)
    finally:
        path.write_text(path_text)
    assert "train_scatter_vae" in jobs
    # The expert model of the CEMP populations is a scatter VAE too.
    assert {name for name in jobs if not name.endswith("_cemp")} <= STUDY


def test_a_changed_figure_reruns_the_figure_and_the_pages_only(tiny, plan):
    path = tiny / "src/starloom/figures/scatter_vae.py"
    with edited(path, "np.linspace(-5, 5, 101)", "np.linspace(-6, 6, 101)"):
        assert set(plan(tiny)) == {"plot_scatter_vae", "publish_page", "publish_crate", *NOTED}


def test_a_changed_config_value_reruns_only_its_stages(tiny, plan):
    config = tiny / "config/test.yaml"
    with edited(config, "\n    epochs: 20", "\n    epochs: 21"):
        jobs = plan(tiny)
        assert "train_scatter_vae" in jobs
        assert set(jobs) <= STUDY
    config, radius = tiny / "config/config.yaml", "unwise_radius_arcsec: "
    with edited(config, radius + "1.0", radius + "2.0"):
        jobs = plan(tiny)
        assert "crossmatch" in jobs
        assert not {"sky_stars", "sky_spectra", "sky_surveys", "prepare_xp"} & set(jobs)


def test_a_fresh_clone_beside_existing_results_reruns_nothing(tiny, clone, plan):
    fresh = clone("fresh")
    shutil.copytree(tiny / ".test", fresh / ".test", symlinks=True)
    assert plan(fresh) == {}


def test_the_control_world_is_made_beside_the_other_one_and_changes_nothing_in_it(tiny, plan):
    jobs = plan(tiny, "xp_alpha_control")
    assert jobs == {
        "sky_spectra_control": 2, "prepare_xp_control": 2, "train_scatter_vae_control": 1,
        "encode_scatter_vae_control": 2, "interpret_scatter_vae_control": 1,
        "number_scatter_vae_control": 1, "xp_alpha_control": 1,
    }  # fmt: skip
    assert set(plan(tiny, "xp_times")) == {"time_scatter_vae", "xp_times"}
