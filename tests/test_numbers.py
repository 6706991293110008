"""Whole and real numbers of every type."""

import fractions
import math
from typing import Any

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from spaic_jax._numbers import real, whole


class Tensor:
    """A number of another library: no subclass of anything, read through `__index__` and `__float__`."""

    ndim = 0
    dtype = "torch.int64"

    def __index__(self) -> int:
        return 3

    def __float__(self) -> float:
        return 3.0


WHOLE = [3, np.int64(3), np.uint8(3), np.array(3), np.array(3, np.int16), jnp.int32(3), jnp.array(3, jnp.uint8), Tensor()]
REAL = [
    3.0, np.float32(3), np.float64(3), np.float16(3), np.array(3.0), jnp.float32(3), jnp.array(3, jnp.bfloat16),
    ml_dtypes.bfloat16(3), fractions.Fraction(3),
]
NO_NUMBER = [True, np.True_, np.array(True), jnp.array(True), "3", b"3", None, [3], np.array([3]), np.zeros((99, 99)), 3j, np.complex64(3), object]


@pytest.mark.parametrize("value", WHOLE, ids=lambda value: type(value).__name__)
def test_whole_numbers_of_any_type(value: Any) -> None:
    number = whole(value, "n")
    assert type(number) is int and number == 3


@pytest.mark.parametrize("value", [*WHOLE, *REAL], ids=lambda value: type(value).__name__)
def test_real_numbers_of_any_type(value: Any) -> None:
    number = real(value, "x", above=0)
    assert type(number) is float and number == 3.0


@pytest.mark.parametrize("value", NO_NUMBER, ids=repr)
@pytest.mark.parametrize("check", [whole, real])
def test_what_is_no_number(value: Any, check: Any) -> None:
    with pytest.raises(ValueError, match="'V_th' must be a .*number, got ") as caught:
        check(value, "'V_th'")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 130


@pytest.mark.parametrize("value", REAL, ids=lambda value: type(value).__name__)
def test_fractions_are_not_whole(value: Any) -> None:
    with pytest.raises(ValueError, match="n must be a positive whole number, got"):
        whole(value, "n")


@pytest.mark.parametrize(
    "bounds, fine, wrong, sentence",
    [
        ({"above": 0}, [1e-9, 1e30], [0, -1, math.inf, math.nan, 10**400], "x must be a positive, finite number, got"),
        ({"least": 0}, [0, 1e30], [-1e-9, -math.inf], "x must be a finite number of at least 0, got"),
        ({"least": 0, "most": 1}, [0, 1], [-0.1, 1.1], "a finite number of at least 0 and of at most 1, got"),
        ({"above": 0, "below": 1}, [0.5], [0, 1], "a positive, finite number below 1, got"),
        ({}, [-1e300], [math.inf, math.nan], "x must be a finite number, got"),
    ],
)
def test_ends_of_real_numbers(bounds: dict[str, float], fine: list[float], wrong: list[float], sentence: str) -> None:
    assert [real(value, "x", **bounds) for value in fine] == fine
    for value in wrong:
        with pytest.raises(ValueError, match=sentence):
            real(value, "x", **bounds)


def test_ends_of_whole_numbers() -> None:
    assert whole(0, "n", least=0) == 0 and whole(-1, "n", least=-1) == -1
    assert whole(2**32 - 1, "seed", least=0, most=2**32 - 1) == 2**32 - 1
    with pytest.raises(ValueError, match="n must be a whole number of at least 2, got 1"):
        whole(1, "n", least=2)
    for huge in (2**31, 10**30, 10**100, 10**10_000):
        with pytest.raises(ValueError, match="n must be at most 2147483647, got "):
            whole(huge, "n")
