"""The numbers that the study publishes."""

from collections.abc import Mapping, Sequence

from starloom.numbers import Number, share_error
from starloom.studies.cemp.vote import UNKNOWN

STUDY = "cemp"

SPACES = {
    "spectrum": "XP spectra",
    "colour_magnitude": "colour and absolute magnitude",
    "sky": "position on the sky",
}


def _share(name: str, part: int, total: int, definition: str) -> list[Number]:
    """A share with its error; nothing where there is no star."""
    if not total:
        return []
    share = part / total
    error = 100 * share_error(share, total)
    return [Number(f"cemp.{name}", STUDY, 100 * share, "percent", definition, error, total)]


def _some(name: str, value: float | None, definition: str, error=None, n=None) -> list[Number]:
    """A number without unit, where there is one."""
    if value is None or value != value:
        return []
    return [Number(f"cemp.{name}", STUDY, value, "1", definition, error, n)]


def numbers(
    candidates: Mapping,
    clustering: Mapping,
    tests: Sequence[Mapping],
    votes: Sequence[Mapping],
    recovery: Mapping | None,
) -> list[Number]:
    """
    Numbers of the candidates, the populations, their distinctness and, simulated, their truth.

    Args:
        candidates: counts and test scores; see `candidates.scores`.
        clustering: the chosen setting with its stability, and the bins of G.
        tests: of `distinct.pairwise`.
        votes: of `vote.vote`.
        recovery: of `truth.recovery`, or None where nobody knows the truth.

    Returns:
        The numbers, without the published values. One that the sample does not define (no test
        star of a kind, no pair of populations) is absent.
    """
    found = [
        Number("cemp.candidates", STUDY, candidates["candidates"], "stars", _chosen_by(candidates)),
        *([] if candidates["given"] else _classifier(candidates)),
        *_clusters(clustering),
        *_distinct(tests),
    ]
    if votes:
        named = sum(vote["winner"] != UNKNOWN for vote in votes)
        text = "populations whose SIMBAD types have a majority for one class"
        found.append(Number("cemp.named_populations", STUDY, named, "groups", text))
        typed, total = sum(v["typed"] for v in votes), sum(v["n"] for v in votes)
        text = "stars in populations whose SIMBAD type says something of their nature"
        found += _share("typed", typed, total, text)
    return found + ([] if recovery is None else _recovered(recovery))


def _chosen_by(candidates):
    if candidates["given"]:
        return "sources of the given list with an XP spectrum"
    return (
        "stars whose probability of being a carbon-enhanced metal-poor star reaches the threshold "
        f"of {candidates['threshold']:.3g}, which cemp/select sets"
    )


def _classifier(candidates):
    test = candidates["test"]
    held = "by trees on XP coefficients, on test stars that they have not learnt from"
    return [
        Number("cemp.confirmed", STUDY, candidates["confirmed"], "stars",
               "stars with [C/Fe] > 0.7 and [Fe/H] < -1 in APOGEE, without STAR_BAD"),
        *_some("threshold", candidates["threshold"], "lowest probability of a candidate"),
        *_share("recall", test["hits"], test["confirmed"],
                f"share of the confirmed stars that are candidates, {held}"),
        *_share("precision", test["hits"], test["chosen"],
                f"share of the candidates with good labels that are confirmed, {held}"),
        *_some("roc_auc", test["roc_auc"], f"area under the ROC curve, {held}", n=test["n"]),
        *_some("average_precision", test["average_precision"],
               f"area under precision against recall, {held}; the share of confirmed stars is what "
               "chance gives", n=test["n"]),
    ]  # fmt: skip


def _clusters(clustering):
    chosen, n = clustering["chosen"], clustering["candidates"]
    against = "adjusted Rand index, noise as a group, of the populations with those"
    found = [
        Number("cemp.populations", STUDY, chosen["populations"], "groups",
               "HDBSCAN groups in the expert model's standardised latent means", n=n),
        *_share("noise", round(chosen["noise"] * n), n, "candidates that belong to no population"),
        *_some("validity", chosen["validity"], "relative density-based validity of the populations",
               n=n),
        *_some("seed_ari", chosen["seed_ari"], f"{against} of expert models of other seeds", n=n),
        *_some("bootstrap_ari", chosen["bootstrap_ari"], f"{against} of bootstraps of the stars",
               chosen["bootstrap_sigma"], n),
    ]  # fmt: skip
    for number, part in enumerate(clustering["bins"]):
        text = f"in the G bin {part['low']:.1f} to {part['high']:.1f} mag alone"
        name = f"bin{number}_populations"
        found.append(
            Number(f"cemp.{name}", STUDY, part["populations"], "groups", f"HDBSCAN groups {text}",
                   n=part["n"])
        )  # fmt: skip
        found += _some(f"bin{number}_ari", part["ari"], f"{against} found {text}", n=part["n"])
    return found


def _distinct(tests):
    found = []
    for space, what in SPACES.items():
        pairs = [test for test in tests if test["space"] == space]
        apart = sum(test["p"] * len(pairs) < 0.05 for test in pairs)
        text = (
            f"share of the pairs of populations that differ in {what}: energy distance, p by "
            "permutation below 0.05 over the number of pairs"
        )
        if pairs:
            value = 100 * apart / len(pairs)
            name = f"cemp.distinct_{space}"
            found.append(Number(name, STUDY, value, "percent", text, n=len(pairs)))
    return found


def _recovered(recovery):
    groups = "carbon stars, M giants with long-period variables, and hot stars with Be stars"
    n = recovery["ari_n"]
    text = f"adjusted Rand index of the populations, {{}}, with the true kinds among {groups}"
    found = [
        *_some("ari", recovery["ari"], text.format("noise as a group of its own"), n=n),
        *_some("ari_without_noise", recovery["ari_without_noise"],
               text.format("without the stars that belong to none"), n=n),
    ]  # fmt: skip
    for kind, values in recovery["kinds"].items():
        for name in ("completeness", "purity"):
            text = {
                "completeness": f"share of the {kind} candidates in the population with most of "
                "them, by the simulated truth",
                "purity": f"share of {kind} in the population with most {kind} candidates",
            }[name]
            if values[name] is not None:
                value = 100 * values[name]
                number = f"cemp.{kind}_{name}"
                found.append(Number(number, STUDY, value, "percent", text, n=values["n"]))
    return found
