"""The one compiled update that a training by gradient is made of."""

import dataclasses
import functools
from typing import Any

import jax
import jax.numpy as jnp
import optax

from spaic_jax.distributed import Layout
from spaic_jax.plan.apart import apart
from spaic_jax.run import Variables
from spaic_jax.run.lasting import going_on, lasting
from spaic_jax.train.activity import activity
from spaic_jax.train.arrays import Arrays
from spaic_jax.train.augment import Augment, augmented
from spaic_jax.train.divergence import vital_signs
from spaic_jax.train.mixed import in_full, value_and_scaled_grad
from spaic_jax.train.task import Task

#: What an update changes: the parameters, the state of the optimizer, and what goes on beside them.
Carried = tuple[dict[str, jax.Array], Any, dict[str, jax.Array]]


@dataclasses.dataclass(frozen=True)
class Update:
    """What is done in each update; hashable, a static argument of the compiled step.

    Attributes:
        task: the network as it is while it is trained, and what it is held to.
        optimizer: what makes steps of gradients.
        batch_size: samples of an update.
        augment: what changes a batch before it is run.
        scaled: whether the loss is scaled, so that its gradient does not vanish in float16.
    """

    task: Task
    optimizer: optax.GradientTransformation
    batch_size: int
    augment: Augment | None = None
    scaled: bool = False

    def __hash__(self) -> int:
        return self._hash

    @functools.cached_property
    def _hash(self) -> int:
        # Looked up in every update.
        return hash((self.task, self.optimizer, self.batch_size, self.augment, self.scaled))

    def __call__(
        self,
        carried: Carried,
        rest: Variables,
        arrays: Arrays,
        order: jax.Array | None,
        first: jax.Array,
        key: jax.Array,
        number: jax.Array,
    ) -> tuple[Carried, dict[str, Any]]:
        """One update: gather a batch, differentiate its loss, apply the optimizer, clip to bounds.

        Args:
            carried: what the update changes.
            rest: the variables before the first step of a run, of which those that are trained or go on do not count.
            arrays: the data, or as much of it as is needed.
            order: places in these arrays of the samples of the updates from `first` on; `None` where they are those of this one.
            first: number of the update that `order` begins with.
            key: random key of the epoch.
            number: of this update in its epoch.
        """
        task, program = self.task, self.task.sim.program
        params, opt_state, plastic = carried
        batch = task.batch(arrays, order, first, number, self.batch_size)
        if self.augment is not None:
            batch = augmented(self.augment, task, batch, key, number)

        def objective(params: dict[str, jax.Array]) -> tuple[jax.Array, Any]:
            variables = going_on(program, dataclasses.replace(rest, params=params), plastic)
            result = in_full(task.run(variables, batch, jax.random.fold_in(key, number)))
            output = result.outputs[task.decoder]
            return task.cost(result, batch), (output, lasting(program, result.variables), result.health)

        def value(params: dict[str, jax.Array]) -> jax.Array:
            return objective(params)[0]

        differentiate = value_and_scaled_grad if self.scaled else functools.partial(jax.value_and_grad, has_aux=True)
        (loss, (output, moved, health)), gradient = differentiate(objective)(params)
        optimizer = optax.with_extra_args_support(self.optimizer)
        with jax.numpy_dtype_promotion("standard"):
            # Optimizers that look at the loss itself find it by the names that optax gives these.
            updates, new_state = optimizer.update(
                gradient, opt_state, params, value=loss, grad=gradient, value_fn=value
            )
            new = optax.apply_updates(params, updates)
        new = task.sim.project(new)
        after = jax.tree.map(lambda x, old: jnp.asarray(x, old.dtype), (new, new_state, moved), carried)
        good = task.measures(output, batch.labels, batch.lengths)
        measures = {"loss": loss, "good": good, "states": health.finite, "rates": activity(health)}
        return task.laid(after), task.whole(measures | vital_signs(gradient, updates, new))


#: An update of one training, compiled; what it changes is overwritten.
train_step = jax.jit(Update.__call__, static_argnums=0, donate_argnums=1)


@functools.partial(jax.jit, static_argnums=(0, 1), donate_argnums=2)
def train_steps(
    update: Update,
    layout: Layout | None,
    carried: Carried,
    rest: Variables,
    arrays: Arrays,
    order: jax.Array,
    first: jax.Array,
    keys: jax.Array,
    number: jax.Array,
) -> tuple[Carried, dict[str, Any]]:
    """An update of each of several trainings on the same data: all but `arrays`, `first` and `number` have an axis for them in front.

    Each device of a layout carries out those that it has, and asks no other.
    """
    each = apart(update, (0, 0, None, 0, None, 0, None), layout)
    return each(carried, rest, arrays, order, first, keys, number)
