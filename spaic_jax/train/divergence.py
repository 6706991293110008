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
    found: list[str] = []
    places: list[str] = []

    def say(kind: str, names: list[str], what: str) -> None:
        if names:
            others = "" if len(names) == 1 else f" (and {len(names) - 1} more)"
            found.append(f"{kind} '{names[0]}' {what}{others}")
            places.append(names[0])

    if not abs(loss) <= BEYOND:
        found.append(f"the loss is {loss:g}")
    broken = sorted(name for name, x in gradient.items() if not np.isfinite(x))
    large = sorted((name for name, x in gradient.items() if BEYOND < x < np.inf), key=gradient.__getitem__, reverse=True)
    if found or not measures["refused"]:
        states = sorted(name for name, fine in measures["states"].items() if not fine)
        say("state", states, "holds NaN, infinite or absurdly large values")
        say("the gradient of parameter", broken, "holds NaN or infinite values")
    say("the gradient of parameter", large, f"reaches {gradient[large[0]]:.1e}" if large else "")
    if not broken:
        params = sorted(name for name, fine in measures["finite"].items() if not fine)
        say("parameter", params, "holds NaN or infinite values")
    if found:
        raise TrainingDiverged(epoch, step, ", ".join(found), places[0] if places else None)
