"""What is trained on what, as compiled steps see it."""

import dataclasses
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.data import Dataset
from spaic_jax.distributed import Layout
from spaic_jax.run import Result, Simulator, Variables
from spaic_jax.train.arrays import Arrays, Stored
from spaic_jax.train.checked import checked_arrays, given_labels, named, regressed
from spaic_jax.train.labels import check_labels
from spaic_jax.train.losses.base import asked_for, scores_of
from spaic_jax.train.metrics import accuracy


@dataclasses.dataclass(frozen=True)
class Task:
    """A network, what it is run for and what its output is held to; hashable, a static argument of compiled steps.

    Attributes:
        sim: the simulator.
        decoder: the output that is looked at; empty where none is.
        steps: number of steps of a run.
        loss: function of the output and the labels.
        classes: number of classes that the output tells apart; 0 where it is held to targets.
        shape: the shape of the output of one sample, and one step.
        timed: whether the output is `[T, B, *shape]`, else `[B, *shape]`.
        each_step: whether labels are `[T, N, ...]`, else `[N, ...]`.
        layout: the devices that it is run on, where a mesh of them was given.
    """

    sim: Simulator
    decoder: str
    steps: int
    loss: Callable[..., jax.Array] | None
    classes: int = 0
    shape: tuple[int, ...] = ()
    timed: bool = False
    each_step: bool = False
    layout: Layout | None = None

    @property
    def label_axis(self) -> int:
        """The axis of the samples of the labels."""
        return int(self.each_step)

    def run(self, variables: Variables, batch: Arrays, key: jax.Array) -> Result:
        """A run of all steps with some samples."""
        return self.sim.run(variables, batch.inputs, key, self.steps, lengths=batch.lengths)

    def output(self, variables: Variables, batch: Arrays, key: jax.Array) -> jax.Array:
        """What the decoder says, `[B, ...]` or `[T, B, ...]`."""
        return self.run(variables, batch, key).outputs[self.decoder]

    def take(self, arrays: Arrays, index: jax.Array) -> Arrays:
        """Some samples of the data, with their labels and lengths; each device takes its share of them."""

        def one(x: jax.Array, axis: int) -> jax.Array:
            taken = jnp.take(x, index, axis=axis)
            if self.layout is None or len(index) % self.layout.shares:
                return taken
            return jax.lax.with_sharding_constraint(taken, self.layout.across(axis))

        return self.each(one, arrays, len(index))

    def each(self, function: Callable[[Any, int], Any], arrays: Arrays, count: int) -> Arrays:
        """What a function of an array and of the axis of its samples makes of each of some data's arrays."""
        shapes = {v.name: v.shape for v in self.sim.program.of_role("input")}
        return Arrays(
            {name: function(x, len(x.shape) - len(shapes[name]) - 1) for name, x in arrays.inputs.items()},
            count,
            None if arrays.labels is None else function(arrays.labels, self.label_axis),
            None if arrays.lengths is None else function(arrays.lengths, 0),
        )

    def batch(self, arrays: Arrays, order: jax.Array | None, first: jax.Array, number: jax.Array, size: int) -> Arrays:
        """The samples of an update, of which `order` says where they are, from update `first` on; `None`: they are the data."""
        if order is None:
            return arrays
        return self.take(arrays, jax.lax.dynamic_slice_in_dim(order, (number - first) * size, size))

    def whole(self, tree: Any) -> Any:
        """Arrays of a tree whole on each device, for the host to look at."""
        return tree if self.layout is None else jax.lax.with_sharding_constraint(tree, self.layout.whole)

    def laid(self, tree: Any) -> Any:
        """Parameters and what goes on with them, as they lie on the devices between updates."""
        if self.layout is None:
            return tree
        return jax.lax.with_sharding_constraint(tree, self.layout.shardings(self.sim.program, tree))

    def put(self, tree: Any) -> Any:
        """Arrays of a tree whole on each device; as they are where no mesh was given."""
        return tree if self.layout is None else self.layout.put(tree)

    def cost(self, result: Result, batch: Arrays) -> jax.Array:
        """The loss of a run with some samples."""
        assert self.loss is not None
        asked = asked_for(self.loss, {"result": result, "lengths": batch.lengths if self.timed else None})
        return self.loss(result.outputs[self.decoder], batch.labels, **asked)

    def scores(self, output: jax.Array, lengths: jax.Array | None = None) -> jax.Array:
        """The scores that are compared with labels: `[T, B, C]` with labels of each step, else `[B, C]`."""
        if not self.timed or self.each_step:
            return output
        scores = scores_of(self.loss, output, lengths)
        if scores is None:
            raise ValueError(
                f"decoder '{self.decoder}' gives [T, B, {output.shape[-1]}], but one label a sample needs [B, C]: a loss that reads"
                " scores over time, such as 'membrane_cross_entropy', or a decoder that does, such as 'max_voltage'."
            )
        return scores

    def measures(self, output: jax.Array, labels: jax.Array, lengths: jax.Array | None = None) -> dict[str, jax.Array]:
        """What tells how good outputs are beside the loss, by name: `accuracy` where there are classes.

        Args:
            output: what the decoder says.
            labels: of the same samples.
            lengths: the steps of each sample, `[B]`, where they differ.
        """
        return {"accuracy": accuracy(self.scores(output, lengths), labels)} if self.classes else {}

    def arrays(self, data: Dataset, what: str) -> Arrays | Stored:
        """Another data set for the same task, checked, on the device if it fits; without labels where none
        are looked at.

        Raises:
            ValueError: one sentence about the first thing that does not fit.
            TypeError: `data` of another type.
        """
        arrays, _ = checked_arrays(self.sim, data, self.steps, what)
        return self.there(self.labelled(arrays, data, what) if self.decoder else arrays)

    def there(self, arrays: Arrays | Stored) -> Arrays | Stored:
        """Checked data where the task is run, unless it stays where it is read from."""
        return arrays if isinstance(arrays, Stored) else self.put(arrays)

    def labelled(self, arrays: Arrays | Stored, data: Dataset, what: str) -> Arrays | Stored:
        """A checked data set with its labels, checked too; those after the end of a sample are -1."""
        with named(what):
            labels = given_labels(data, self.decoder)
            to_regress = regressed(labels)
            if to_regress != (not self.classes) or (not to_regress and self.each_step != (labels.ndim == 2)):
                needed = "targets to regress" if not self.classes else "integers [T, N]" if self.each_step else "integers [N]"
                raise ValueError(f"the labels are {labels.dtype} of shape {labels.shape}, but those of the training data are {needed}.")
            if to_regress:
                needed_shape = (*((self.steps,) if self.timed else ()), len(arrays), *self.shape)
                if labels.shape != needed_shape:
                    raise ValueError(
                        f"the labels are {labels.dtype} of shape {labels.shape}, targets to regress, but decoder '{self.decoder}' gives"
                        f" {self.output_text}, so that they need shape {needed_shape}; class indices are integers."
                    )
                return dataclasses.replace(arrays, labels=jnp.asarray(labels, jnp.float32))
            if self.each_step and data.lengths is not None:
                labels = np.where(np.arange(len(labels))[:, None] < data.lengths, labels, -1)
            return dataclasses.replace(arrays, labels=jnp.asarray(check_labels(labels, self.classes)))

    @property
    def output_text(self) -> str:
        """The axes of the output, for error messages."""
        return f"[{', '.join((*(('T',) if self.timed else ()), 'B', *map(str, self.shape)))}]"
