"""Whether a training goes wrong, and where: told from a few numbers of each update."""

from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.train.state import TrainingDiverged

#: The square of a larger number is no float32 any more, so that norms and second moments of a gradient become infinite
#: and what an optimizer makes of it has no sense.
BEYOND = 1e19


def vital_signs(
    gradient: Mapping[str, jax.Array], updates: Mapping[str, jax.Array], params: Mapping[str, jax.Array]
) -> dict[str, Any]:
    """What `check_update` looks at: a few numbers a parameter.

    Args:
        gradient: of the loss.
        updates: what the optimizer made of it.
        params: the parameters after the update.
    """
    return {
        "gradient": {name: jnp.abs(x).max(initial=0).astype(jnp.float32) for name, x in gradient.items()},
        "finite": {name: jnp.isfinite(x).all() for name, x in params.items()},
        "refused": jnp.stack([(x == 0).all() for x in updates.values()]).all(),
    }


def check_update(epoch: int, step: int, measures: Mapping[str, Any]) -> None:
    """Stop a training whose loss, state, gradient or parameters are NaN, infinite or beyond any sense.

    A gradient that is not finite passes where the optimizer has refused it, as `optax.apply_if_finite` does.

    Args:
        epoch: number of the epoch.
        step: number of the update in it.
        measures: `loss`, `states` (whether each state is finite) and what `vital_signs` gave; numbers of the host.

    Raises:
        TrainingDiverged: naming what is wrong and where.
    """
    loss, gradient = float(measures["loss"]), measures["gradient"]
    states = sorted(name for name, fine in measures["states"].items() if not fine)
    broken = sorted(name for name, x in gradient.items() if not np.isfinite(x))
    large = sorted((name for name, x in gradient.items() if np.isfinite(x) and x > BEYOND), key=gradient.__getitem__)
    params = sorted(name for name, fine in measures["finite"].items() if not fine)
    found, where = [], []
    if not np.isfinite(loss) or abs(loss) > BEYOND:
        found.append(f"the loss is {loss:g}")
    if found or not measures["refused"] or large:
        for kind, bad in (("state", states), ("the gradient of parameter", broken)):
            where += bad[:1]
            found += [f"{kind} '{bad[0]}' holds NaN or infinite values{_others(bad)}"] if bad else []
    if large:
        where.append(large[-1])
        found.append(f"the gradient of parameter '{large[-1]}' reaches {gradient[large[-1]]:.1e}{_others(large)}")
    if params and not broken:
        where.append(params[0])
        found.append(f"parameter '{params[0]}' holds NaN or infinite values{_others(params)}")
    if found:
        raise TrainingDiverged(epoch, step, ", ".join(found), where[0] if where else None)


def _others(names: list[str]) -> str:
    """How many there are besides the one that is named."""
    return "" if len(names) == 1 else f" (and {len(names) - 1} more)"
