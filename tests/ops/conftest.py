"""Settings of the tests of the ops."""

import jax
import pytest


def _optimise(on):
    jax.config.update("jax_disable_most_optimizations", not on)


@pytest.fixture(autouse=True, scope="module")
def _quick():
    """Compile fast rather than well: there are a thousand small functions here, each of which runs once or twice."""
    _optimise(False)
    yield
    _optimise(True)


@pytest.fixture
def optimised():
    """Compile as users do."""
    _optimise(True)
    yield
    _optimise(False)
