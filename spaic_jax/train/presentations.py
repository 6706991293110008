"""The presentations of samples to a network that learns by its own rules."""

import contextlib
import dataclasses
import functools
import math
from collections.abc import Generator
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.coding.decoders import vote
from spaic_jax.program import Program
from spaic_jax.run import Result, Variables
from spaic_jax.run.lasting import going_on, lasting
from spaic_jax.train.activity import activity, spiking, warn_of_activity
from spaic_jax.train.arrays import Arrays
from spaic_jax.train.assignment import assign_labels, class_shares
from spaic_jax.train.evaluation import evaluate_arrays, responses
from spaic_jax.train.keys import epoch_keys, evaluation_key
from spaic_jax.train.loop import Training, shuffled
from spaic_jax.train.metrics import accuracy
from spaic_jax.train.progress import Report
from spaic_jax.train.state import TrainingDiverged, TrainState
from spaic_jax.train.stream import Part, parts
from spaic_jax.train.task import Task

#: How often an epoch reports, and looks whether all is finite.
_REPORTS = 100

#: Presentations in which nothing learns do not depend on each other: so many are run at once, at least.
_AT_ONCE = 100

_ADVICE = "a lower learning rate or a smaller batch_size, or bounds of the weights (w_min, w_max)"


def learned(program: Program) -> list[str]:
    """The plastic values that rules write."""
    program = program.in_mode(learning=True)
    rows = program.rows_of((*program.ops, *program.begin_ops, *program.end_ops))
    written = {name for op in rows for name in op.outputs}
    return [v.name for v in program.of_role("plastic") if v.name in written]


def evaluated_at_once(batch_size: int) -> int:
    """How many samples `learn` presents at once while nothing learns."""
    return max(batch_size, _AT_ONCE)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Presentations(Training):
    """Learning by the network's own rules; `frozen` are variables of the batch size of evaluations."""

    frozen: Variables

    def epoch(self, state: TrainState, epoch: int, report: Report) -> tuple[TrainState, dict[str, Any]]:
        order_key, run_key = epoch_keys(self.key, epoch)
        order, run_key = self.task.put((shuffled(order_key, len(self.arrays)), run_key))
        rest = dataclasses.replace(self.rest, params=state.params)
        carried, program = state.plastic, self.task.sim.program
        nothing = np.zeros(2 + len(spiking(program)), np.float32)
        done, sums = nothing.astype(np.float64), nothing
        with contextlib.closing(self._stretches(order)) as stretches:
            for part, begin, end, whole_one in stretches:
                carried, sums, beyond = present(
                    self.training, self.batch_size, carried, sums, rest, part.arrays, part.order, part.first, run_key,
                    np.int32(begin), np.int32(end),
                )
                sums, seen = jax.device_get((sums, beyond))
                _check(epoch, seen)
                so_far = done + sums
                if whole_one:
                    done, sums = so_far, nothing
                change, spikes = (so_far[:2] / end).tolist()
                report(epoch, (epoch - 1) * self.updates + end, f"change {change:.2e}  spikes {spikes:.1f}")
        if epoch == 1:
            warn_of_activity(program, done[2:] / self.updates)
        row: dict[str, Any] = {"epoch": epoch, "change": change, "spikes": spikes}
        if self.task.decoder:
            carried, row["accuracy"] = self._assigned(state.params, carried)
        for name, arrays in self.held_out.items():
            variables = self._evaluated(state.params, carried)
            row[f"{name}_accuracy"] = evaluate_arrays(
                self.task, variables, arrays, evaluated_at_once(self.batch_size), evaluation_key(self.key)
            ).accuracy
        return TrainState(state.params, state.opt_state, epoch, carried), row

    @functools.cached_property
    def training(self) -> Task:
        """The task with the network as it is while it learns."""
        return dataclasses.replace(self.task, sim=self.task.sim.train())

    def _stretches(self, order: jax.Array) -> Generator[tuple[Part, int, int, bool], None, None]:
        """The presentations of an epoch between two reports: their data, the first, the one after the last, and whether a
        stretch ends there, and not only the data at hand: sums are rounded alike however much of it that is."""
        chunk = math.ceil(self.updates / _REPORTS)
        with contextlib.closing(parts(self.task, self.arrays, order, self.batch_size)) as all_parts:
            for part in all_parts:
                begin = part.updates.start
                while begin < part.updates.stop:
                    end = min(begin - begin % chunk + chunk, part.updates.stop)
                    yield part, begin, end, end % chunk == 0 or end == self.updates
                    begin = end

    def _evaluated(self, params: dict[str, jax.Array], carried: dict[str, jax.Array]) -> Variables:
        return going_on(self.task.sim.program, dataclasses.replace(self.frozen, params=params), carried)

    def _assigned(self, params: dict[str, jax.Array], carried: dict[str, jax.Array]) -> tuple[dict[str, jax.Array], float]:
        """What goes on with the neurons' classes, and the accuracy of their vote on the data that gave them these."""
        assignment = f"{self.task.decoder}.assignment"
        counting = dataclasses.replace(self.task, decoder=f"{self.task.decoder}.counts")
        variables = self._evaluated(params, carried)
        counts = responses(counting, variables, self.arrays, evaluated_at_once(self.batch_size), self.task.put(evaluation_key(self.key)))
        assign = assign_labels if carried[assignment].ndim == 1 else class_shares
        assert self.arrays.labels is not None
        assigned = assign(counts, self.arrays.labels, self.task.classes).astype(carried[assignment].dtype)
        carried = carried | {assignment: assigned}
        scores = vote(counts, assigned, classes=self.task.classes)
        return carried, float(accuracy(scores, self.arrays.labels))


@functools.partial(jax.jit, static_argnums=(0, 1), donate_argnums=(2,))
def present(
    task: Task,
    batch_size: int,
    carried: dict[str, jax.Array],
    sums: jax.Array,
    rest: Variables,
    arrays: Arrays,
    order: jax.Array | None,
    first: jax.Array,
    key: jax.Array,
    begin: jax.Array,
    end: jax.Array,
) -> tuple[dict[str, jax.Array], jax.Array, dict[str, jax.Array]]:
    """The presentations `begin` to `end` of an epoch.

    Returns:
        What goes on after them; `sums` with what was measured added: the change of a weight, spikes of a sample, and the
        spike rate of each group; and for each variable the first presentation in which it was beyond any sense, or -1.
    """
    program, names = task.sim.program, learned(task.sim.program)
    size = sum(math.prod(program.by_name[name].shape) for name in names)

    def shown(number: jax.Array, carried: dict[str, jax.Array]) -> tuple[Result, Any]:
        batch = task.batch(arrays, order, first, number, batch_size)
        result = task.run(going_on(program, rest, carried), batch, jax.random.fold_in(key, number))
        return result, task.steps if batch.lengths is None else batch.lengths.mean()

    def body(number: jax.Array, carry: Any) -> Any:
        carried, sums, seen = carry
        result, steps = shown(number, carried)
        new = lasting(program, result.variables)
        change = sum(jnp.abs(new[name] - carried[name]).sum(dtype=jnp.float32) for name in names) / size
        spikes = sum(_neurons(program, name) * steps * rate for name, rate in result.health.spike_rate.items())
        beyond = {name: jnp.where((seen[name] < 0) & ~fine, number, seen[name]) for name, fine in result.health.finite.items()}
        more = jnp.concatenate([jnp.stack([change, jnp.float32(spikes)]), activity(result.health)])
        return new, sums + more, beyond

    finite = jax.eval_shape(lambda: shown(begin, carried)[0].health.finite)
    moved: tuple[dict[str, jax.Array], jax.Array, dict[str, jax.Array]]
    moved = jax.lax.fori_loop(begin, end, body, (carried, sums, {name: jnp.int32(-1) for name in finite}))
    return task.laid(moved[0]), *task.whole(moved[1:])


def _neurons(program: Program, spikes: str) -> int:
    """The number of neurons of a group, by the name of its spikes."""
    return math.prod(program.struct(program.recorded_read(spikes), 1).shape)


def _check(epoch: int, beyond: dict[str, Any]) -> None:
    """TrainingDiverged where a variable went beyond any sense; it names that of the first presentation."""
    seen = sorted((int(number), name) for name, number in beyond.items() if number >= 0)
    if seen:
        number, name = seen[0]
        what = f"'{name}' holds NaN, infinite or absurdly large values"
        raise TrainingDiverged(epoch, number + 1, what, name, _ADVICE)
