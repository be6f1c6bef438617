"""`starloom import-weights scatter-vae STATE.npz -o MODEL`: published weights as a model."""

import argparse
from pathlib import Path

SCALING = {"mean": ("mean", "mu"), "std": ("std", "sig")}
"""Names of the inputs' mean and standard deviation in a file."""


def add_import_weights(commands: argparse._SubParsersAction) -> None:
    """Add `starloom import-weights`."""
    parser = commands.add_parser(
        "import-weights",
        help="make a model of published weights",
        description="Make a model, as `predict` and the workflow read it, of weights that others "
        "have published. STATE.npz holds the arrays of their PyTorch state dict under their own "
        "names; mean and std of the inputs (coefficient over G flux) are in it, or in --scaling.",
    )
    parser.add_argument("network", choices=["scatter-vae"], help="which network")
    parser.add_argument("state", type=Path, metavar="STATE.npz", help="the state dict's arrays")
    parser.add_argument(
        "--scaling",
        type=Path,
        metavar="FILE",
        help=".npz with the inputs' mean (mu) and std (sig)",
    )
    parser.add_argument(
        "--scatter", choices=["capped", "free"], default="capped",
        help="last activation of the scatter head: sigmoid (capped), or softplus",
    )  # fmt: skip
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="MODEL", help="folder of the model"
    )
    parser.set_defaults(run=_run)


def _run(given: argparse.Namespace) -> int:
    import hashlib

    from starloom.tables import write_model
    from starloom.training import scatter_vae as vae

    state, other = _arrays(given.state), _arrays(given.scaling) if given.scaling else {}
    scaling = {}
    for name, known in SCALING.items():
        found = [place.pop(k) for place in (other, state) for k in known if k in place]
        if not found:
            raise ValueError(
                f"{given.scaling or given.state} has no {' or '.join(known)} of the inputs: a "
                "state dict does not hold it; give a file with --scaling"
            )
        scaling[name] = found[0]
    model = vae.from_state_dict(state, **scaling, scatter=given.scatter)
    # The released network learned from DR17's stars: none of them is new to it.
    seen = {"train": 1.0, "validation": 0.0, "test": 0.0, "salt": ""}
    with open(given.state, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    card = {"data": "dr17", "split": seen, "imported_sha256": digest}
    write_model(given.output, *vae.to_model(model, **card))
    print(f"{given.output}: {model.architecture}")
    return 0


def _arrays(path: Path) -> dict:
    """The arrays of an .npz file; never pickled objects."""
    import zipfile

    import numpy as np

    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in stored.files}
    except (zipfile.BadZipFile, ValueError, AttributeError) as error:
        raise ValueError(f"{path} is not an .npz file of plain arrays: {error}") from error
