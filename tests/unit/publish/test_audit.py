"""The audit finds any change on a number's chain, and says what changed."""

import json
import random
import shutil
from pathlib import Path

import pytest

from starloom.provenance import file_digest
from starloom.provenance.record import seal
from starloom.publish.audit import UnknownNumber, audit_all, audit_file, audit_number
from starloom.publish.chain import say_params
from starloom.publish.tree import tree as draw
from starloom.publish.tree import verdict
from starloom.tables import write_json

NUMBER = "xpvae.val_loss"
RAW = "results/raw/gaia/XpContinuousMeanSpectrum_0.csv.gz"


def flip(path: Path, place: int = 0, bits: int = 1) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= bits
    path.write_bytes(bytes(content))


def write_record(path: Path, **changes) -> None:
    record = json.loads(path.read_text()) | changes
    write_json(path, record | {"seal": seal(record)})


def test_an_untouched_run_passes_and_the_chain_reaches_the_raw_files(tree):
    report = audit_number("results", NUMBER)
    assert report.failures == []
    assert set(report.jobs) == {
        "number_vae",
        "evaluate_vae",
        "train_vae",
        "prepare_xp-chunk=0",
        "prepare_xp-chunk=1",
        "sky_spectra-chunk=0",
        "sky_spectra-chunk=1",
        "sky_stars",
    }
    assert report.files[RAW] == "ok"
    assert report.files["results/temp/history.csv"] == "not kept"
    assert report.origins["results/truth/stars.parquet"] == (
        "simulated from seed 7, sky {cemp yes, stars 4}"
    )


def test_the_tree_shows_number_files_jobs_params_and_origin(tree):
    text = draw(audit_number("results", NUMBER))
    for words in (
        "xpvae.val_loss = -93.50 ± 0.25 nat  (scatter_vae, data: simulated, 800 stars)",
        "published: -94.2671 nat (their train.log epoch 5000; sum over 110",
        "results/numbers/scatter_vae.json  sha256 ",
        "└─ rule number_vae  code ",
        "with clip 0.5",
        "simulated from seed 7, sky {cemp yes, stars 4}",
        "rule train_vae: see above",
    ):
        assert words in text
    assert "!!" not in text


@pytest.mark.parametrize(
    "name",
    [
        RAW,
        "results/truth/stars.parquet",
        "results/data/xp/1.zarr/c/0",
        "results/models/vae/arrays.npz",
        "results/vae/evaluation.json",
        "results/numbers/scatter_vae.json",
        "envs/base.lock",
    ],
)
def test_a_flipped_byte_is_found_and_its_file_named(tree, name):
    place = Path(name).read_text().index("93.5") if "numbers" in name else 0
    flip(Path(name), place)
    report = audit_number("results", NUMBER)
    named = name.split(".zarr")[0].removesuffix("/arrays.npz")
    assert len(report.failures) == 1
    assert named in report.failures[0]
    assert "changed" in report.failures[0]
    assert named in verdict(report)


def test_every_byte_of_every_file_counts(tree):
    """Random changes of one byte, one at a time: raw and derived files, records, code, config."""
    report = audit_all("results")
    assert report.failures == []
    files = [Path(path) for path, status in report.files.items() if status == "ok"]
    files = [file for path in files for file in ([path] if path.is_file() else path.rglob("*"))]
    files += Path("results/provenance").glob("*.json")
    files = sorted({file for file in files if file.is_file()})
    places = {str(file) for file in files}
    for name in ("config/published_numbers.csv", "workflow/scripts/helper.py", "envs/base.lock",
                 "Snakefile", "results/numbers/scatter_vae.json", RAW):  # fmt: skip
        assert name in places
    draws = random.Random(1)
    missed = []
    for _ in range(300):
        path = draws.choice(files)
        before = path.read_bytes()
        flip(path, draws.randrange(len(before)), draws.randrange(1, 256))
        try:
            failures = audit_all("results").failures
        except ValueError as error:
            failures = [str(error)]
        finally:
            path.write_bytes(before)
        names = [str(part) for part in (path, *path.parents) if part != Path(".")]
        if not any(name in failure for failure in failures for name in names):
            missed.append((str(path), failures))
    assert missed == []
    assert audit_all("results").failures == []


def test_params_are_said_in_words_with_short_digests():
    params = {"code": "x", "b": True, "a": {"x": [1, None]}, "table": "ab" * 32}
    assert say_params(params) == "a {x [1, none]}, b yes, table abababababab"


def test_missing_files_fail_and_missing_temporary_files_do_not(tree):
    Path(RAW).unlink()
    report = audit_number("results", NUMBER)
    assert report.files[RAW] == "missing"
    assert report.failures == [f"{RAW} is missing (rule sky_spectra-chunk=0 wrote it)"]


def test_changed_code_is_named_with_the_jobs_that_ran_it(tree):
    script = Path("workflow/scripts/train_vae.py")
    script.write_text(script.read_text().replace("Do train_vae.", "Train the model."))
    assert audit_number("results", NUMBER).ok
    script.write_text(script.read_text() + "EPOCHS = 3\n")
    report = audit_number("results", NUMBER)
    assert report.failures == [
        "workflow/scripts/train_vae.py changed since these jobs ran: train_vae; run snakemake again"
    ]
    assert report.jobs["train_vae"] == "changed"
    assert "train_vae  code" in draw(report)
    assert "!! CHANGED" in draw(report)


def test_a_changed_module_is_said_once_for_all_jobs(tree):
    flip(Path("workflow/scripts/helper.py"), place=-4)
    report = audit_number("results", NUMBER)
    assert len(report.failures) == 1
    assert report.failures[0].startswith("helper changed since these jobs ran: number_vae, ")
    assert report.failures[0].endswith("and 4 more; run snakemake again")


def test_another_lock_fails_the_rules_that_carry_it_and_is_a_remark_for_the_others(tree):
    before = file_digest("envs/base.lock")
    Path("envs/base.lock").write_text("numpy==2.1 --hash=sha256:01\n")
    report = audit_number("results", NUMBER)
    assert report.failures == [
        "envs/base.lock changed since these jobs ran: number_vae; run snakemake again"
    ]
    (remark,) = report.remarks
    assert remark.startswith(f"made with another lock, {before[:12]}: evaluate_vae, ")
    assert remark.endswith("and 3 more; rerun with --forceall to renew")
    assert report.jobs["number_vae"] == "changed"
    assert report.jobs["train_vae"] == "older"
    report = audit_file("results", "results/figures/scatter_vae/losses.png")
    assert report.ok
    assert f"remark: made with another lock, {before[:12]}: plot_vae" in verdict(report)


def test_changed_code_of_a_download_is_a_remark(tree):
    write_record(Path("results/provenance/sky_spectra-chunk=0.json"), params={})
    script = Path("workflow/scripts/sky_spectra.py")
    script.write_text(script.read_text() + "AGAIN = True\n")
    report = audit_number("results", NUMBER)
    assert report.failures == [
        f"{script} changed since these jobs ran: sky_spectra-chunk=1; run snakemake again"
    ]
    assert report.remarks == [
        f"{script} changed since these downloads, which are kept: sky_spectra-chunk=0"
    ]
    assert "rule sky_spectra-chunk=0  code" in draw(report)
    script.unlink()
    assert "sky_spectra-chunk=0" in audit_number("results", NUMBER).failures[0]


def test_a_missing_script_fails(tree):
    Path("workflow/scripts/train_vae.py").unlink()
    assert "train_vae.py (missing)" in audit_number("results", NUMBER).failures[0]


def test_a_file_rebuilt_after_its_reader_ran_fails(tree):
    Path(RAW).write_text("another sky\n")
    record = Path("results/provenance/sky_spectra-chunk=0.json")
    outputs = [{"path": RAW, "sha256": file_digest(RAW), "bytes": 12}]
    write_record(record, outputs=outputs)
    report = audit_number("results", NUMBER)
    assert len(report.failures) == 1
    assert f"{RAW} has changed: rule prepare_xp-chunk=0 recorded" in report.failures[0]


def test_an_edited_record_is_named(tree):
    path = Path("results/provenance/train_vae.json")
    path.write_text(path.read_text().replace('"seed": 7', '"seed": 8'))
    with pytest.raises(ValueError, match=r"train_vae\.json has changed"):
        audit_number("results", NUMBER)


def test_a_file_of_the_results_that_no_job_wrote_fails(tree):
    Path("results/provenance/sky_stars.json").unlink()
    report = audit_number("results", NUMBER)
    assert report.files["results/truth/stars.parquet"] == "no record"
    Path("results/figures/loose.png").write_bytes(b"x")
    assert any(
        "figures/loose.png has no record" in words for words in audit_all("results").failures
    )


def test_a_download_has_its_address_checksum_and_time_from_the_manifest(tree):
    Path("results/provenance/sky_spectra-chunk=0.json").unlink()
    rows = (
        "path,address,sha256,bytes,time,release\n{},https://archive/xp.csv.gz,{},9,2026-01-01,dr3\n"
    )
    manifest = Path("results/raw/manifest.csv")
    manifest.write_text(rows.format(RAW, file_digest(RAW)))
    report = audit_number("results", NUMBER)
    assert report.ok
    assert report.origins[RAW] == (
        f"from https://archive/xp.csv.gz, time 2026-01-01, release dr3, sha256 {file_digest(RAW)}"
    )
    manifest.unlink()
    (manifest.parent / "manifest").mkdir()
    (manifest.parent / "manifest" / "xp_0.csv").write_text(rows.format(RAW, "0" * 64))
    assert f"{RAW} has changed" in audit_number("results", NUMBER).failures[0]
    (manifest.parent / "manifest" / "xp_0.csv").write_text(rows.format(RAW, ""))
    with pytest.raises(ValueError, match=r"xp_0\.csv lacks sha256"):
        audit_number("results", NUMBER)


def test_files_from_outside_the_results_are_named_by_what_they_are(tree, tmp_path):
    user = tmp_path / "my_stars.csv"
    user.write_text("source_id\n1\n")
    entries = [
        {"path": name, "sha256": file_digest(path), "bytes": 1}
        for name, path in ((str(user), user), ("Snakefile", "Snakefile"))
    ]
    write_record(Path("results/provenance/sky_stars.json"), inputs=entries)
    report = audit_number("results", NUMBER)
    assert report.ok
    assert report.origins[str(user)] == "a user's own file"
    assert report.origins["Snakefile"] == "a file of the project"
    user.write_text("source_id\n2\n")
    assert str(user) in audit_number("results", NUMBER).failures[0]


def test_a_number_must_carry_the_label_of_its_chain(tree):
    for path in Path("results/provenance").glob("sky_*.json"):
        write_record(path, survey="dr17")
    report = audit_number("results", NUMBER)
    assert report.failures == [
        "number xpvae.val_loss is labelled simulated, but jobs on its chain ran on dr17, simulated"
    ]


def test_a_published_value_that_was_edited_since_is_found(tree):
    table = Path("config/published_numbers.csv")
    table.write_text(table.read_text().replace("-94.2671", "-94.2672"))
    (failure,) = audit_number("results", NUMBER).failures
    assert "config/published_numbers.csv has {'value': -94.2672" in failure


def test_an_id_edited_away_is_a_change_and_an_id_that_never_was_is_an_error(tree):
    with pytest.raises(UnknownNumber) as caught:
        audit_number("results", "xpvae.nothing")
    assert caught.value.failures == []
    path = Path("results/numbers/scatter_vae.json")
    path.write_text(path.read_text().replace("xpvae.val_loss", "xpvae.val_lost"))
    with pytest.raises(UnknownNumber, match=r"did you mean xpvae\.val_lost") as caught:
        audit_number("results", NUMBER)
    (failure,) = caught.value.failures
    assert failure.startswith("results/numbers/scatter_vae.json has changed")
    path.write_text("[{")
    with pytest.raises(ValueError, match=r"scatter_vae\.json"):
        audit_number("results", NUMBER)


def test_all_covers_numbers_figures_and_catalogues(tree):
    report = audit_all("results")
    assert report.ok
    assert {"catalog_vae", "plot_vae", "number_vae"} <= set(report.jobs)
    flip(Path("results/figures/scatter_vae/losses.png"))
    assert "losses.png has changed" in audit_all("results").failures[0]
    shutil.rmtree("results/catalogs")
    assert any(
        "catalogs/scatter_vae.parquet is missing" in f for f in audit_all("results").failures
    )


def test_one_file_can_be_audited(tree):
    report = audit_file("results", "results/catalogs/scatter_vae.parquet")
    assert report.ok
    assert report.chain.targets == ["results/catalogs/scatter_vae.parquet"]


def test_a_run_can_be_audited_from_another_folder(tree, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    assert audit_number(tree / "results", NUMBER).ok
    assert audit_file(tree / "results", tree / "results/catalogs/scatter_vae.parquet").ok


def test_many_like_files_are_counted_but_a_bad_one_is_shown(tree):
    record = json.loads(Path("results/provenance/sky_stars.json").read_text())
    inputs = []
    for index in range(9):
        path = Path(f"results/raw/part_{index}.csv")
        path.write_text(str(index))
        inputs.append({"path": str(path), "sha256": file_digest(path), "bytes": 1})
        part = record | {"rule": "part", "wildcards": {"i": str(index)}, "outputs": inputs[-1:]}
        key = Path(f"results/provenance/part-i={index}.json")
        write_json(key, part | {"seal": seal(part)})
    write_record(Path("results/provenance/sky_stars.json"), inputs=inputs)
    assert "and 6 more files like it, all ok" in draw(audit_number("results", NUMBER))
    Path("results/raw/part_7.csv").write_text("x")
    text = draw(audit_number("results", NUMBER))
    assert "part_7.csv  sha256" in text
    assert "!! CHANGED" in text


def test_the_report_as_json_has_every_file_and_job(tree):
    plain = json.loads(json.dumps(audit_number("results", NUMBER).as_json()))
    assert plain["ok"] is True
    assert plain["numbers"][0]["id"] == NUMBER
    raw = next(entry for entry in plain["files"] if entry["path"] == RAW)
    assert raw["sha256"] == file_digest(RAW)
    assert raw["written_by"] == "sky_spectra-chunk=0"
    assert {job["key"] for job in plain["jobs"]} >= {"sky_stars", "train_vae"}
