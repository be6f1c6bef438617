"""How the XP spectrum of a red-clump star changes with its abundances, in the simulated sky."""

from starloom.job import logged
from starloom.sky.derivatives import ratio_derivatives
from starloom.tables import write_table


def main(derivatives_path, star, steps):
    # [Fe/H] moves all metals, at the same ratios to iron.
    found = ratio_derivatives(star, {"m_h" if k == "fe_h" else k: v for k, v in steps.items()})
    write_table(derivatives_path, {"fe_h" if k == "m_h" else k: v for k, v in found.items()})
    print(f"derivatives by {', '.join(steps)} at {star}")


if __name__ == "__main__":
    job = snakemake  # Snakemake puts it there
    with logged(job):
        main(job.output.derivatives, job.params.star, job.params.steps)
