"""What a folder of `spaic-jax sweep` holds, also while the sweep goes on."""

import dataclasses
import json
import re
import statistics
from collections.abc import Iterator
from typing import Any, Self

from spaic_jax import plot
from spaic_jax.cli.errors import UserError
from spaic_jax.cli.folder import RunFolder
from spaic_jax.cli.grid import short, text
from spaic_jax.cli.pictures import Picture
from spaic_jax.plot.style import plain


@dataclasses.dataclass(frozen=True)
class Combination:
    """The runs of one combination.

    Attributes:
        values: the value of each key.
        runs: their number.
        measures: of those that are finished, by name.
        diverged: the number of those that diverged.
    """

    values: dict[str, Any]
    runs: int
    measures: dict[str, list[float]]
    diverged: int

    @property
    def mean(self) -> dict[str, float]:
        """Over seeds."""
        return {name: statistics.fmean(values) for name, values in self.measures.items()}

    @property
    def deviation(self) -> dict[str, float]:
        """The standard deviation over seeds, where there are several."""
        return {name: statistics.stdev(values) for name, values in self.measures.items() if len(values) > 1}


@dataclasses.dataclass(frozen=True)
class Swept:
    """A sweep, finished or not.

    Attributes:
        folder: where it is kept.
        over: the values of each key.
        rows: what each run came to.
    """

    folder: RunFolder
    over: dict[str, list[Any]]
    rows: list[dict[str, Any]]

    @classmethod
    def read(cls, folder: RunFolder) -> Self:
        """What a folder holds.

        Raises:
            UserError: a damaged one.
        """
        try:
            lines = folder.metrics.read_text(encoding="utf-8").splitlines() if folder.metrics.is_file() else []
            return cls(folder, folder.read_config()["over"], [json.loads(line) for line in lines])
        except ValueError as error:
            raise UserError(f"'{folder.metrics}' is damaged: {error}.") from error

    @property
    def combinations(self) -> list[Combination]:
        """Those that are done, in their order."""
        found: list[Combination] = []
        for row in self.rows:
            if not found or found[-1].values != row["values"]:
                found.append(Combination(row["values"], 0, {}, 0))
            last = found[-1]
            found[-1] = dataclasses.replace(last, runs=last.runs + 1, diverged=last.diverged + ("diverged" in row))
            for name, value in row.get("measures", {}).items():
                if value is not None:
                    last.measures.setdefault(name, []).append(value)
        return found

    @property
    def diverged(self) -> int:
        """How many runs diverged."""
        return sum("diverged" in row for row in self.rows)

    @property
    def names(self) -> list[str]:
        """The measures."""
        return list(dict.fromkeys(name for each in self.combinations for name in each.measures))

    @property
    def table(self) -> tuple[list[str], list[list[str]]]:
        """Columns, and a row a combination."""
        several = any(each.deviation for each in self.combinations)
        titles = short(list(self.over))
        columns = [*titles.values()]
        for name in self.names:
            columns += [name, "deviation"] if several else [name]
        rows = []
        for each in self.combinations:
            row = [text(value) for value in each.values.values()]
            for name in self.names:
                row += [_shown(name, of.get(name)) for of in ((each.mean, each.deviation) if several else (each.mean,))]
            rows.append(row + ([f"{each.diverged} of {each.runs}" if each.diverged else ""] if self.diverged else []))
        return [*columns, *(["diverged"] if self.diverged else [])], rows

    @property
    def told(self) -> dict[str, Any]:
        """The same as plain values."""
        rows = [
            {"values": each.values, "runs": each.runs, "mean": each.mean, "deviation": each.deviation, "diverged": each.diverged}
            for each in self.combinations
        ]
        return {"over": self.over, "combinations": rows, "out": str(self.folder.path)}

    def pictures(self) -> Iterator[Picture]:
        """Each measure over the first key, a curve for each combination of the others.

        Raises:
            UserError: there is nothing to draw.
        """
        if not self.names:
            raise UserError(f"'{self.folder.path}' holds a sweep of which no run is finished.")
        titles = short(list(self.over))
        first, *others = self.over
        for name in self.names:
            curves: dict[str, list[tuple[Any, float, float]]] = {}
            for each in self.combinations:
                if name in each.mean:
                    curve = ", ".join(f"{titles[key]}={text(each.values[key])}" for key in others)
                    value = each.values[first]
                    point = (value if _is_number(value) else plain(text(value)), each.mean[name], each.deviation.get(name, 0.0))
                    curves.setdefault(curve, []).append(point)
            drawn = plot.dependence({plain(curve): points for curve, points in curves.items()}, plain(titles[first]), plain(name))
            bars = "; the bars are standard deviations over seeds" if any(each.deviation for each in self.combinations) else ""
            file = re.sub(r"\W+", "_", f"sweep {name}").strip("_")
            yield Picture.of(file, f"{name} over {titles[first]}{bars}", drawn)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shown(name: str, value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2%}" if name.endswith("accuracy") else f"{value:.4g}"
