"""How long benchmarks take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from spaic_jax.plot.style import COLOURS, stack_for, tidy

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_PANELS = {"step_ms": "training step", "forward_ms": "forward run"}
_BARS = {
    "": "tiled plan", "dense_": 'tiled plan, products="dense"', "reference_": "reference plan",
    "remat_": 'tiled plan, remat="auto"',
}  # fmt: skip


def benchmark(rows: Sequence[Mapping[str, Any]], *, ax: Axes | Iterable[Axes] | None = None) -> tuple[Axes, ...]:
    """Times of workloads as multiples of what their matrix products alone take, on a logarithmic axis.

    The upper panel is a training step, the lower one a forward run; bars start at 1, the products alone. Densities of the
    input are named where they differ.

    Args:
        rows: one a workload, as `spaic_jax.bench.measure` returns them; what is missing or `None` has no bar.
        ax: axes to draw on, one a panel; those of a new figure by default.

    Returns:
        The axes of the training step and of the forward run.

    Raises:
        ValueError: when there is no row, or a row lacks its name or a time of the tiled plan or of the floor;
            axes that are not two.
        ImportError: when matplotlib is not installed.

    Example:
        >>> row = {"workload": "A", "step_ms": 3.0, "floor_step_ms": 2.0, "forward_ms": 2.0, "floor_forward_ms": 1.0}
        >>> [axes.get_title(loc="left") for axes in benchmark([row])]
        ['training step', 'forward run']
    """
    if not rows:
        raise ValueError("benchmark needs at least one workload, got none.")
    needed = ["workload", *_PANELS, *(f"floor_{time}" for time in _PANELS)]
    for number, row in enumerate(rows):
        missing = [name for name in needed if row.get(name) is None]
        if missing:
            raise ValueError(f"benchmark: row {number} lacks {', '.join(missing)}.")
    panes = stack_for(ax, [2.4] * len(_PANELS), "benchmark", width=max(6.0, 2.0 + 1.2 * len(rows)))
    from matplotlib.ticker import LogLocator, NullFormatter, StrMethodFormatter

    for axes, (time, title) in zip(panes, _PANELS.items(), strict=True):
        axes.set_yscale("log")
        lengths = [1.0]
        for place, row in enumerate(rows):
            ratios = {kind: row[kind + time] / row[f"floor_{time}"] for kind in _BARS if row.get(kind + time)}
            lengths += ratios.values()
            width = 0.23
            for number, (kind, ratio) in enumerate(ratios.items()):
                # The bars of a workload stand together in its middle, however many there are.
                x = place + width * (number - (len(ratios) - 1) / 2)
                colour = COLOURS[list(_BARS).index(kind)]
                axes.bar(x, ratio - 1, 0.92 * width, bottom=1.0, color=colour, label=_BARS[kind])
                axes.annotate(
                    f"{ratio:.0f}" if ratio >= 10 else f"{ratio:.2f}", (x, ratio), xytext=(0, 2 if ratio >= 1 else -2),
                    textcoords="offset points", ha="center", va="bottom" if ratio >= 1 else "top", fontsize=7.5,
                )  # fmt: skip
        axes.axhline(1.0, color="black", linewidth=0.8)
        # Room for the numbers at the ends of the bars.
        low, high = min(lengths), max(*lengths, 1.8)
        axes.set_ylim(low * (low / high) ** 0.12, high * (high / low) ** 0.12)
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
        axes.yaxis.set_minor_formatter(NullFormatter())
        axes.grid(axis="y", alpha=0.3)
        axes.set_axisbelow(True)
        axes.set_ylabel("time / matrix products alone")
        axes.set_title(title, loc="left", fontsize="medium")
        tidy(axes)
    names = [str(row["workload"]) for row in rows]
    if len({row.get("density") for row in rows}) > 1:
        names = [f"{name}\n{row['density']:.4g}" if row.get("density") else name for name, row in zip(names, rows, strict=True)]
    for axes in panes:
        axes.set_xticks(range(len(rows)), names)
        axes.set_xlim(-0.6, len(rows) - 0.4)
    handles: dict[str, Any] = {}
    for axes in panes:
        for handle, label in zip(*axes.get_legend_handles_labels(), strict=True):
            handles.setdefault(label, handle)
    order = [label for label in _BARS.values() if label in handles]
    panes[0].legend(
        [handles[label] for label in order], order, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2, frameon=False,
        fontsize="small",
    )  # fmt: skip
    return panes
