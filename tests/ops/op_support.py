"""What the tests of the ops share: traces recorded from SPAIC, comparison, and drawn arrays."""

import ast
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

_FOLDER = Path(__file__).parent
with np.load(_FOLDER / "spaic_ops.npz") as _arrays:
    GOLDEN = dict(_arrays)
RECORDS: dict[str, Any] = json.loads((_FOLDER / "spaic_ops.json").read_text())

#: Few examples, each of which compiles: shapes vary from one to the next.
few = settings(max_examples=6, deadline=None, derandomize=True)
seeds = st.integers(0, 2**31 - 1)
sizes = st.integers(1, 4)
leading = st.lists(st.integers(1, 3), max_size=2).map(tuple)


def golden_arguments(name: str) -> list[Any]:
    """The arguments that SPAIC was given, in its order."""
    arguments: list[Any] = []
    for i, text in enumerate(RECORDS[name]["args"]):
        if text.startswith("tensor"):
            arguments.append(GOLDEN[f"{name}/in{i}"])
        elif text.startswith("list of"):
            count = int(text.split()[2])
            arguments.append([GOLDEN[f"{name}/in{i}_{j}"] for j in range(count)])
        else:
            arguments.append(ast.literal_eval(text))
    return arguments


def normals(seed: int, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Gaussian float32 arrays."""
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def close(result: Any, expected: Any, tolerance: float = 2e-5) -> None:
    """Equal shapes, values within `tolerance` of the largest expected one, NaN and infinity in place."""
    result, expected = np.asarray(result), np.asarray(expected)
    assert result.shape == expected.shape
    finite = np.abs(expected[np.isfinite(expected)])
    np.testing.assert_allclose(
        result, expected, rtol=tolerance, atol=tolerance * max(1.0, finite.max(initial=0))
    )


def quick(function: Any) -> Any:
    """`function`, compiled without optimisation in half the time: most programs here run once or twice."""
    return jax.jit(function, compiler_options={"xla_backend_optimization_level": 0})


def agrees(function: Any, expected: Any, *arrays: Any, tolerance: float = 2e-5) -> None:
    """`function` of the arrays, compiled, against what NumPy gave in float64."""
    close(quick(function)(*arrays), expected, tolerance)


def each_gives(*cases: tuple[Any, Any]) -> None:
    """Each call gives its expected array, of the same dtype; all are compiled as one program to save time."""
    results = quick(lambda: [call() for call, _ in cases])()
    for result, (_, expected) in zip(results, cases, strict=True):
        assert result.dtype == expected.dtype
        close(
            result.astype(np.float32) if result.dtype == jnp.bfloat16 else result,
            expected.astype(np.float32) if expected.dtype == jnp.bfloat16 else expected,
        )


def wide(x: Any) -> np.ndarray:
    """In float64, or complex128."""
    x = np.asarray(x)
    return x.astype(np.complex128 if np.iscomplexobj(x) else np.float64)
