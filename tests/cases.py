"""Cases that are much alike: the gate takes some of them, `pytest -m slow` the others."""

from collections.abc import Collection, Iterable
from typing import Any

import pytest


def often(values: Iterable[Any], kept: Collection[Any]) -> list[Any]:
    """All values, those that are not `kept` as slow tests."""

    def seldom(value: Any) -> Any:
        return pytest.param(*(value if isinstance(value, tuple) else (value,)), marks=pytest.mark.slow)

    return [value if value in kept else seldom(value) for value in values]
