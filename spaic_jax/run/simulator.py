"""The simulator: pure functions of a program's variables."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any, Self

import jax
from jax.sharding import Mesh

from spaic_jax._numbers import whole
from spaic_jax.plan import Plan
from spaic_jax.plan.cost import Where
from spaic_jax.plan.layout import Layout, as_layout
from spaic_jax.program import Program
from spaic_jax.program.program import whole_steps
from spaic_jax.run import compiled, running
from spaic_jax.run.cost import Cost, Spent, known_before, spent
from spaic_jax.run.memory import Memory, measured
from spaic_jax.run.result import Result
from spaic_jax.run.start import first_values, overwritten, placed, restarted, started, within_bounds
from spaic_jax.run.variables import Prepared, Variables


@dataclasses.dataclass(frozen=True)
class Simulator:
    """A program ready to run. It holds no simulation state: all of that is in `Variables`, which go in and come out.

    Made by `spaic_jax.build`. Every method is a pure function that may be used under `jax.jit`, `jax.grad` and
    `jax.vmap`; `run` is compiled by itself, and compiles nothing when called again with the same shapes.

    Attributes:
        program: what one step does.
        plan: how steps are carried out.
        precision: of matrix products; `None` for the device's default.
        debug: whether a run that goes beyond all bounds is an error: see `build`.

    Example:
        >>> import jax, spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=4, coding_method="null")
        ...     layer = sj.NeuronGroup(3, model="lif")
        ...     synapses = sj.Connection(image, layer, weight=[[1.0] * 4] * 3, w_max=2.0)
        ...     counts = sj.Decoder(dec_target=layer)
        >>> sim = sj.build(net, dt=1.0)
        >>> variables = sim.init(jax.random.key(0))
        >>> sim.batched["layer.V"], sim.batched["synapses.weight"], sim.batched.step
        (True, False, False)
        >>> spikes = [[[1.0, 0.0, 0.0, 0.5]]] * 10
        >>> result = sim.run(variables, {"image": spikes})
        >>> result.outputs["counts"].tolist()
        [[10.0, 10.0, 10.0]]
        >>> sim.restart(result.variables, batch_size=32)["layer.V"].shape
        (32, 3)
        >>> sim.project({"synapses.weight": jax.numpy.full((3, 4), 2.5)})["synapses.weight"].max().item()
        2.0
        >>> sim.memory(1000, batch_size=8).outputs
        {'counts': 96}
        >>> cost, spent = sim.cost(10), sim.spent(variables, {"image": spikes})
        >>> cost.operations, spent.dense, spent.additions, spent.multiply_adds
        (120, 120, 30, 30)
    """

    program: Program
    plan: Plan
    precision: compiled.Precision | None = None
    debug: bool = False

    @functools.cached_property
    def skeleton(self) -> Self:
        """This simulator without initial values: networks that differ in those only compile once."""
        return dataclasses.replace(self, program=self.program.skeleton)

    @property
    def engine(self) -> compiled.Engine:
        """What is compiled of it."""
        return compiled.Engine(self.skeleton.program, self.plan, self.precision)

    def at(self, where: Where) -> Self:
        """The same simulator with a plan for runs that take place elsewhere than on JAX's default device."""
        return dataclasses.replace(self, plan=self.plan.at(where))

    def train(self) -> Self:
        """The simulator that learns: learning rules change weights, dropout drops, batch normalisation goes by the batch.

        `spaic_jax.train.fit` uses it by itself. The variables of both are the same.
        """
        return dataclasses.replace(self, program=self.program.in_mode(learning=True))

    def describe(self) -> str:
        """How the program is carried out, in words: the stages of the plan, and what the backward pass keeps."""
        return self.plan.describe(self.program)

    @functools.cached_property
    def batched(self) -> Variables:
        """Which of the variables have a batch axis in front: a pytree like that of `init`, of booleans.

        It says how to split variables over devices, and what `jax.vmap` maps over.
        """
        return Variables.of(self.program, {v.name: v.batched for v in self.program.variables}, False, False)

    def steps(self, duration: float) -> int:
        """The number of steps in `duration` ms.

        Raises:
            ValueError: when it is not a positive whole number of steps.
        """
        return whole_steps(duration, self.program.dt, "a duration")

    def init(self, key: jax.Array, batch_size: int = 1, mesh: Mesh | Layout | None = None) -> Variables:
        """The variables before the first step. A variable's numbers depend on the key and its name, on nothing else.

        Args:
            key: random key.
            batch_size: number of samples.
            mesh: devices to place them on, as of `spaic_jax.place`, one variable after the other.

        Raises:
            ValueError: when `batch_size` is not a positive whole number, or cannot be shared out evenly.
        """
        if mesh is None:
            return started(self.program, first_values(self.program, key, batch_size), key)
        layout = as_layout(mesh)
        layout.check_batch(whole(batch_size, "batch_size", least=1))
        first = first_values(self.program, key, batch_size, layout=layout)
        return placed(self.program, started(self.program, first, layout.put(key)), layout)

    def restart(self, variables: Variables, key: jax.Array | None = None, batch_size: int | None = None) -> Variables:
        """A fresh start from earlier variables: parameters, plastic values, constants and the states that stay are kept.

        Values beyond their bounds are brought back to them, as SPAIC does at the start of every run. All other states get their
        first values again, and the count of steps is 0; all lie on the devices of the earlier ones. To go on without a fresh
        start, give the variables of a result to the next run; to start anew in everything, use `init`.

        Args:
            variables: earlier variables.
            key: random key for the first values of states that are drawn; may be left out where none is.
            batch_size: of the new variables; by default that of the earlier ones. A state that stays can go over to
                another batch size only where it is the same for all samples.

        Raises:
            ValueError: when a key is missing, a state that stays differs between samples and the batch size changes, or the
                devices cannot share out the new batch evenly.
        """
        return restarted(self.program, variables, key, batch_size)

    def set(self, variables: Variables, values: Mapping[str, Any]) -> Variables:
        """The same variables with other values, by full name: `sim.set(variables, {"layer.V": v})`.

        A number fills the variable, and an array of the shape of one sample is that of all samples. What is traced has no values
        to check, and is taken as it is: see `project`. To read a variable, write `variables["layer.V"]`.

        Raises:
            ValueError: an unknown name (with the nearest right one), a shape or dtype that does not fit, or a value out of bounds.
        """
        return overwritten(self.program, variables, values)

    def project(self, params: Mapping[str, jax.Array]) -> dict[str, jax.Array]:
        """Parameters, or plastic values, within their bounds: the nearest values that are.

        A projection in optax's sense, to be applied after `optax.apply_updates`; `spaic_jax.train.fit` does so.
        """
        return within_bounds(self.program, params)

    def run(
        self,
        variables: Variables,
        inputs: Mapping[str, Any] | None = None,
        key: jax.Array | None = None,
        steps: int | None = None,
        *,
        presentation: int | None = None,
        lengths: Any = None,
    ) -> Result:
        """Run the program for a number of steps: one presentation of the data, or a piece of one.

        Codings of data count from the beginning of the presentation, generators count all steps. What happens at the
        beginning and at the end of a presentation (such as a normalisation of weights) happens once in each.

        Args:
            variables: from `init`, or from the result of an earlier run to continue it.
            inputs: the data of every encoder by name: `[T, B, *shape]`, or `[B, *shape]` held for the run.
            key: random key; may be left out where nothing is random.
            steps: number of steps; may be left out where an input has a time axis. See `Simulator.steps`.
            presentation: number of steps of the whole presentation, of which this run is a piece that goes on where the variables
                are; after its last step the next one begins. A piece that is too long is an error, unless the variables are
                traced: it then plays on. By default the run is a presentation of its own.
            lengths: the steps of each sample, integers `[B]` from 1 to `steps`, where they differ: what the data hold after them
                is padding. Each sample gets what a run of its own length gives: outputs, reduced probes and variables are
                those of its last step, and rows after it are zeros. Between runs, delays count their steps for the whole
                batch: begin the next run by `restart`.

        Returns:
            outputs, probes, variables after the run and health.

        Raises:
            ValueError: naming the input or variable whose name, shape or dtype does not fit, and what is needed; with
                `lengths`, what goes by the number of steps of the whole run or takes all samples together, such as
                a latency coding, or of several samples a learning rule or batch normalisation that learns.
        """
        return running.run(self, variables, inputs, key, steps, presentation, lengths)

    def memory(self, steps: int, batch_size: int = 1) -> Memory:
        """How many bytes a run will take, without running anything.

        Args:
            steps: number of steps of the run.
            batch_size: samples of it.
        """
        return measured(self.program, self.plan, self.init, self.run, whole(steps, "steps"), whole(batch_size, "batch_size"))

    def cost(self, steps: int, batch_size: int = 1) -> Cost:
        """What a run costs, known before it: memory, dense operations, their energy, and an estimate of its time.

        The run is compiled, and not carried out. A dense operation multiplies a number that arrives in a step by a weight and adds
        the product, also where the number is zero; `spent` says what the spikes of a run left of them. What neurons do by
        themselves, a bias and the backward pass are not counted.

        Args:
            steps: number of steps of the run.
            batch_size: samples of it.

        Raises:
            ValueError: numbers that are not positive whole numbers.
        """
        return known_before(self, whole(steps, "steps"), whole(batch_size, "batch_size"))

    def spent(
        self,
        variables: Variables,
        inputs: Mapping[str, Any] | None = None,
        key: jax.Array | None = None,
        steps: int | None = None,
        *,
        lengths: Any = None,
    ) -> Spent:
        """What a run has cost: the synaptic operations of its spikes beside the dense ones, their energy, and its time.

        $$ N = \\sum_{t,b,j} [s_j \\ne 0] f_j $$

        with the exact fan-out f of each presynaptic neuron j. An operation of a spike, s = 1, is an addition, 0.9 pJ; one of any
        other number, such as a current, a multiplication and an addition, 4.6 pJ (32-bit floating numbers, 45 nm; Horowitz 2014).
        Memory, which may take far more, is not in it. See `Spent` for what is counted.

        The run is carried out a few times, to time it and to count. It may not be traced.

        Args:
            variables, inputs, key, steps, lengths: as of `run`.

        Raises:
            ValueError: as `run`; while it is traced.
        """
        return spent(self, variables, inputs, key, steps, lengths)

    def prepare(self, variables: Variables) -> Prepared:
        """Variables with all that follows from what no step changes, such as decay factors and masked weights.

        `step` computes these anew each time from `Variables`, and finds them in `Prepared`. What it gives back is
        prepared too; `prepared.variables` are the variables as of `init`.

        Example:
            >>> import jax, spaic_jax as sj
            >>> with sj.Network() as net:
            ...     drive = sj.Encoder(num=1, coding_method="null")
            ...     layer = sj.NeuronGroup(1, model="lif", v_th=10.0)
            ...     synapses = sj.Connection(drive, layer, weight=[[1.0]])
            >>> sim = sj.build(net, dt=1.0)
            >>> prepared = sim.prepare(sim.init(jax.random.key(0)))
            >>> sorted(prepared.derived)
            ['layer.decay']
            >>> prepared, _ = sim.step(prepared, {"drive": [[1.0]]})
            >>> prepared.variables["layer.V"].tolist()
            [[1.0]]
        """
        return running.prepare(self, variables)

    def step(
        self,
        variables: Variables | Prepared,
        inputs: Mapping[str, Any] | None = None,
        key: jax.Array | None = None,
        steps: int | None = None,
    ) -> tuple[Any, dict[str, jax.Array]]:
        """One step, for loops written by hand.

        Args:
            variables: as of `run`, or what `prepare` makes of them, which costs less a step.
            inputs: the data of this step, `[B, *shape]`, by name.
            key: random key; the same key for every step, which draws different numbers in each.
            steps: number of steps of a presentation, for codings that need to know it, such as `latency`; the step after
                its last one begins the next. Without it the presentation does not end.

        Returns:
            The variables after the step (prepared ones, where such were given), and for every record its variable's value
            after the step.

        Raises:
            ValueError: as `run`; also when a coding needs `steps` and it is not given.
        """
        return running.step(self, variables, inputs, key, steps)
