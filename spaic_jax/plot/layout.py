"""Where the boxes, arrows and labels of a network's picture lie; lengths in inches."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

from spaic_jax._graph import components

Point: TypeAlias = np.ndarray

#: A ring of more boxes than this stands as a column: it would be wider than a page.
_LONGEST = 4


@dataclasses.dataclass(frozen=True)
class Arrow:
    """An arrow between two boxes.

    Attributes:
        pre, post: names of the boxes.
        labels: what is written beside it, a connection each.
        directed: whether it has a head.
    """

    pre: str
    post: str
    labels: tuple[str, ...]
    directed: bool = True

    @property
    def text(self) -> str:
        """All labels, one under the other."""
        return "\n".join(filter(None, self.labels))


@dataclasses.dataclass(frozen=True)
class Rectangle:
    """What a box or a label covers."""

    centre: Point
    wide: float
    high: float

    def covers(self, points: np.ndarray) -> int:
        """How many points lie inside."""
        return int((np.abs(points - self.centre) < (self.wide / 2, self.high / 2)).all(-1).sum())

    def overlap(self, other: Rectangle) -> float:
        """The area that both cover."""
        reach = (np.array([self.wide + other.wide, self.high + other.high])) / 2
        shared = np.minimum(reach - np.abs(self.centre - other.centre), [min(self.wide, other.wide), min(self.high, other.high)])
        return float(np.prod(np.maximum(shared, 0)))


@dataclasses.dataclass(frozen=True)
class Curve:
    """An arrow's way: an arc from a point to another; `bend` is matplotlib's `arc3`."""

    start: Point
    end: Point
    bend: float

    def at(self, part: float | np.ndarray) -> np.ndarray:
        """Points of the curve, from its start (0) to its end (1)."""
        t = np.asarray(part)[..., None]
        along = self.end - self.start
        control = (self.start + self.end) / 2 + self.bend * np.array([along[1], -along[0]])
        return (1 - t) ** 2 * self.start + 2 * t * (1 - t) * control + t**2 * self.end


def places(names: Sequence[str], arrows: Sequence[Arrow], readers: frozenset[str]) -> dict[str, tuple[int, int]]:
    """Column and row of each box: a box stands right of all that leads to it, but for what lies in a loop with it.

    Args:
        names: of the boxes.
        arrows: between them.
        readers: boxes that stand beside what they read.
    """
    number = {name: i for i, name in enumerate(names)}
    followers: dict[int, list[int]] = {i: [] for i in range(len(names))}
    leads = [(arrow.pre, arrow.post) for arrow in arrows if arrow.directed]
    for pre, post in leads:
        followers[number[pre]].append(number[post])
    column: dict[str, int] = {}
    found: dict[str, tuple[int, int]] = {}
    for ring in components(followers):
        inside = sorted((names[i] for i in ring), key=names.index)
        first = 1 + max((column[pre] for pre, post in leads if post in inside and pre in column), default=-1)
        # The members of a loop follow each other as they were declared.
        upright = len(inside) > _LONGEST
        for shift, name in enumerate(inside):
            column[name] = first if upright else first + shift
            if upright:
                found[name] = first, shift
    # What nothing leads to stands close to what it leads to.
    for name in names:
        after = [column[post] for pre, post in leads if pre == name]
        if after and not any(post == name for _, post in leads):
            column[name] = max(0, min(after) - 1)
    for name in sorted(set(names) - set(found), key=lambda name: (column[name], number[name])):
        taken = {row for where, row in found.values() if where == column[name]}
        joined = [post if pre == name else pre for pre, post in leads if name in (pre, post) and pre != post]
        beside = [found[other][1] for other in joined if other in found]
        wanted = beside[-1:] if name in readers or len(joined) == 1 else []
        found[name] = (column[name], next(row for row in [*wanted, *range(len(names))] if row not in taken))
    return found


def way(a: Rectangle, b: Rectangle, again: int, boxes: Sequence[Rectangle]) -> Curve:
    """The curve from one box to another, if `again` others join the two; it goes round boxes between them."""
    gap = 0.04
    (ax, ay), (bx, by) = a.centre, b.centre
    if a is b:
        low, aside = a.centre - (0.0, a.high / 2 + gap), np.array([0.3 + 0.2 * again, 0.0])
        return Curve(low + aside, low - aside, -0.9)
    if abs(ax - bx) < 0.1:
        # Down on the right, up on the left, and straight where they are neighbours.
        down = 1.0 if by < ay else -1.0
        far = any(abs(c.centre[0] - ax) < 0.1 and min(ay, by) < c.centre[1] < max(ay, by) for c in boxes)
        if far:
            side = np.array([down * (a.wide / 2 + gap), 0.0])
            return Curve(a.centre + side, b.centre + side, -2 * min(0.6, 0.25 + 0.05 * abs(by - ay)) / abs(by - ay))
        step = np.array([down * (0.12 + 0.3 * again), -down * (a.high / 2 + gap)])
        return Curve(a.centre + step, b.centre + step * (1, -1), 0.0)
    if ax > bx:
        return Curve(a.centre - (a.wide / 6, a.high / 2 + gap), b.centre - (-b.wide / 6, b.high / 2 + gap), -0.35 - 0.25 * again)
    side = np.array([a.wide / 2 + gap, 0.0])
    straight = Curve(a.centre + side, b.centre - side, 0.0)
    points = straight.at(np.linspace(0.05, 0.95, 40))
    blocked = any(c.covers(points) for c in boxes)
    return dataclasses.replace(straight, bend=-0.3 * again - (0.28 if blocked else 0.0))


def label_place(text: str, curve: Curve, taken: Sequence[Rectangle], others: np.ndarray) -> Rectangle:
    """A place beside a curve at which nothing else stands, near its middle if there is one.

    Args:
        text: the label.
        curve: the curve.
        taken: boxes and labels.
        others: points of other curves, `[n, 2]`.
    """
    wide, high = text_size(text, 7.0)
    best, least = None, np.inf
    for rank, part in enumerate((0.5, 0.62, 0.38, 0.74, 0.26, 0.84, 0.16)):
        point, before, after = curve.at(np.array([part, part - 0.02, part + 0.02]))
        normal = np.array([before[1] - after[1], after[0] - before[0]])
        normal /= np.hypot(*normal) or 1.0
        chord = (curve.start + curve.end) / 2
        # Outside of an arc, above a straight line.
        outwards = float(normal @ (curve.at(0.5) - chord))
        normal *= np.sign(outwards if abs(outwards) > 1e-6 else normal[1]) or 1.0
        away = abs(normal[0]) * wide / 2 + abs(normal[1]) * high / 2 + 0.05
        for side in (1, -1):
            place = Rectangle(point + side * away * normal, wide, high)
            crowd = sum(place.overlap(other) for other in taken) + 0.01 * place.covers(others)
            cost = crowd + 0.002 * rank + 0.004 * (side < 0)
            if cost < least:
                best, least = place, cost
    assert best is not None
    return best


def text_size(text: str, points: float) -> tuple[float, float]:
    """About how wide and high a text is, inches."""
    lines = text.splitlines() or [""]
    return max(map(len, lines)) * points * 0.0083 + 0.06, len(lines) * points * 0.0166 + 0.04


def extent(rectangles: Sequence[Rectangle], curves: Sequence[Curve]) -> tuple[Point, Point]:
    """The lower left and upper right corners of all."""
    corners = [r.centre + sign * np.array([r.wide, r.high]) / 2 for r in rectangles for sign in (-1, 1)]
    points = np.concatenate([np.array(corners), *(curve.at(np.linspace(0, 1, 21)) for curve in curves)])
    return points.min(0), points.max(0)


def merged(arrows: Sequence[Arrow]) -> list[Arrow]:
    """One arrow for all that lead from one box to another."""
    together: dict[tuple[str, str, bool], list[str]] = {}
    for arrow in arrows:
        together.setdefault((arrow.pre, arrow.post, arrow.directed), []).extend(arrow.labels)
    return [Arrow(pre, post, tuple(labels), directed) for (pre, post, directed), labels in together.items()]
