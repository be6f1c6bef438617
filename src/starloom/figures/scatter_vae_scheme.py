"""The scatter VAE as a diagram, drawn from the sizes of the model itself."""

from collections.abc import Mapping

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, Rectangle

from starloom.figures.style import PAGE_INCH, styled

COLOURS = {"encoder": "#F2C48D", "latent": "#E99A9A", "decoder": "#A6D3A0", "scatter": "#C3B1DD"}


def architecture(sizes: Mapping) -> Figure:
    """
    Encoder, latent space, decoder and scatter head, each layer as high as it is wide.

    Args:
        sizes: of the network, from the model's card: n_input, widths, latent, scatter.

    References:
        Laroche & Speagle (2024), Fig. 3.
    """
    n_input, widths, latent = sizes["n_input"], list(sizes["widths"]), sizes["latent"]
    mirror = widths[::-1]
    step, thick = 1.0, 0.45
    with styled():
        figure = Figure(figsize=(PAGE_INCH, 3.0))
        axes = figure.subplots()
        axes.set_axis_off()

        def layer(x, y, neurons, colour):
            height = max(0.16, 1.7 * neurons / n_input)
            axes.add_patch(
                Rectangle(
                    (x, y - height / 2), thick, height, facecolor=colour, edgecolor="0.3", lw=0.6
                )
            )
            axes.text(x + thick / 2, y, f"{neurons}", ha="center", va="center", fontsize=6.5)

        def arrow(start, end):
            axes.add_patch(
                FancyArrowPatch(start, end, arrowstyle="-|>", mutation_scale=7, lw=0.8, color="0.3")
            )

        layer(0, 0, n_input, "w")
        axes.text(thick / 2, 1.0, r"XP spectrum $x$", ha="center", fontsize=8)
        for i, neurons in enumerate(widths, start=1):
            layer(i * step, 0, neurons, COLOURS["encoder"])
        axes.text(2 * step, -1.15, "encoder", ha="center", fontsize=8)
        heads, drawn = (len(widths) + 1) * step, (len(widths) + 2.2) * step
        for y, name in ((0.45, r"$\mu$"), (-0.45, r"$\ln\sigma^2$")):
            layer(heads, y, latent, COLOURS["latent"])
            axes.text(heads + thick / 2, y + 0.16, name, ha="center", fontsize=8)
            arrow((heads - step + thick, 0), (heads, y))
            arrow((heads + thick, y), (drawn, 0))
        layer(drawn, 0, latent, COLOURS["latent"])
        axes.text(drawn + thick + 0.35, 0, r"$z=\mu+\sigma\epsilon$", va="center", fontsize=8)
        for y, name, what in (
            (1.05, "decoder", r"spectrum $\hat x$"),
            (-1.05, "scatter", r"scatter $\hat s$"),
        ):
            first = drawn + 1.6 * step
            arrow((drawn + thick, 0), (first, y))
            for i, neurons in enumerate([*mirror, n_input]):
                layer(first + i * step, y, neurons, COLOURS[name] if i < len(mirror) else "w")
            last = first + len(mirror) * step
            axes.text(last + thick + 0.15, y, what, va="center", fontsize=8)
            title = "decoder" if name == "decoder" else f"scatter head ({sizes['scatter']})"
            axes.text(first - 0.1, y - 0.62, title, fontsize=8)
        axes.set_xlim(-0.4, last + 2.6)
        axes.set_ylim(-2.05, 2.05)
    return figure
