"""What a learning rule is: one pure function of what happens at the two ends of a connection."""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self, get_args

import jax

from spaic_jax._errors import unknown
from spaic_jax._numbers import real
from spaic_jax.plasticity.memory import Memory, Trace
from spaic_jax.plasticity.pathway import Batch, Meeting, Synapses
from spaic_jax.plasticity.rows import bounded, lowered
from spaic_jax.program import Context, Fragment, Site


def number(default: Any = dataclasses.MISSING, *, above: float = -math.inf, least: float = -math.inf, most: float = math.inf) -> Any:
    """A field of a rule that is a number: a constant of the program, `"<connection>.<Rule>.<field>"`.

    Args:
        default: of the field.
        above, least, most: what it must be greater than, and its smallest and largest value.
    """
    return dataclasses.field(default=default, metadata={"number": {"above": above, "least": least, "most": most}})


def positive(default: Any = dataclasses.MISSING) -> Any:
    """A number above 0, such as a learning rate or a time constant in ms."""
    return number(default, above=0)


def choice(*names: str) -> Any:
    """A field of a rule that is one of some names, by default the first."""
    return dataclasses.field(default=names[0], metadata={"choice": names})


def node(*outputs: str) -> Any:
    """A field of a rule that names a member of the network, from which `change` takes one of some outputs.

    A name is looked for in the assembly of the connection first, then in those around it; `None` is the only such member of
    the first of them that has any.
    """
    return dataclasses.field(default=None, metadata={"node": outputs})


@dataclasses.dataclass(frozen=True, kw_only=True)
class Rule:
    """A local learning rule: a frozen dataclass of its numbers with one pure function, `change`.

    Several rules of a connection, and those of connections that share its weights, add up in each step; then the weights
    are bounded, by the rules' `bound` in their order and by `w_min` and `w_max` of the connection. All this happens in runs that learn
    (`Simulator.train`); otherwise the weights stay as they are.

    No gradient flows through what rules change and remember. To `jax.grad` the weights of each step are the first ones,
    `variables.plastic`, plus numbers: it flows through currents with the weights of each step, to what comes before the
    connection, and to the first weights, as if all steps' weights moved together.

    A rule of one's own says what it remembers and how weights change:

        >>> import dataclasses, jax, numpy as np, spaic_jax as sj
        >>> from spaic_jax.plasticity import Rule, Trace, positive
        >>> @dataclasses.dataclass(frozen=True, kw_only=True)
        ... class Hebb(Rule):
        ...     rate: float = positive(0.01)
        ...     def memories(self, dt):
        ...         return {"x": Trace("pre", tau=20.0)}
        ...     def change(self, at, *, x):
        ...         return {"weight": self.rate * at.outer(at.post, x.now)}
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=1, coding_method="null")
        ...     layer = sj.NeuronGroup(1, model="lif", v_th=0.1)
        ...     synapses = sj.Connection(image, layer, weight=[[0.5]], plasticity=Hebb())
        >>> sim = sj.build(net, dt=1.0).train()
        >>> result = sim.run(sim.init(jax.random.key(0)), {"image": np.ones((1, 1, 1))})
        >>> result.variables["synapses.weight"].tolist()
        [[0.5099999904632568]]

    Args:
        batch: how the changes that the samples of a batch ask for are taken together: their `"sum"`, their `"mean"`, or
            `"weighted"`, the sum with a weight of each sample, the run's input `"<connection>.sample_weight"`, `[B]`.

    Raises:
        ValueError: a number that it cannot take, such as a time constant that is not positive.
    """

    #: Variables of the postsynaptic group that `change` takes beside its spikes, such as `"V"`, after the step; also
    #: `"[position]"` and `"[window]"`, which it takes without the brackets.
    reads: ClassVar[tuple[str, ...]] = ()
    #: Whether `change` draws random numbers, of `at.key`.
    random: ClassVar[bool] = False
    #: Whether it takes what neurons give that do not spike, such as a membrane potential, in place of spikes.
    graded: ClassVar[bool] = False
    #: Whether it takes a reward of any length, and not only one number or one for each postsynaptic neuron.
    any_reward: ClassVar[bool] = False
    batch: Batch = choice(*get_args(Batch))

    def __post_init__(self) -> None:
        kind = type(self).__name__
        for field in dataclasses.fields(self):
            value, names = getattr(self, field.name), field.metadata.get("choice")
            if names is not None and value not in names:
                raise ValueError(f"{kind}: {unknown(field.name, value, names)}")
            if "number" in field.metadata and value is not None:
                object.__setattr__(self, field.name, real(value, f"{kind}: {field.name}", **field.metadata["number"]))

    def memories(self, dt: float) -> Mapping[str, Trace | Memory]:
        """What it remembers, by the name under which `change` takes it."""
        return {}

    def change(self, at: Meeting, *args: Any, **remembered: Any) -> Mapping[str, jax.Array]:
        """What a step does; `event_driven` where it changes only synapses whose neurons fire.

        Args:
            at: the synapses: spikes, weights, products of both ends.
            **remembered: every trace as a `Traced`, the last value of every other memory, and what `reads` names,
                `[B, *gives]`; also `teacher`, `[B, *gives]`, of a rule with that field, and `reward`, in the same shape or
                with all axes but the batch of length 1.

        Returns:
            The change of the weights as `"weight"`, and the new value of every memory that is no trace.
        """
        return {}

    def bound(self, weight: jax.Array, at: Synapses) -> jax.Array:
        """The weights brought to where they may be, after the changes of all rules."""
        return weight

    def changes(self) -> bool:
        """Whether it changes weights, and does not only bound them."""
        return type(self).change is not Rule.change

    @property
    def fixes(self) -> str | None:
        """What only one rule of a connection can fix, such as `"the sum of weights"`."""
        return None

    @property
    def late(self) -> int | None:
        """How many steps after its groups have fired it sees it: SPAIC's order, whatever the propagation.

        `None` is the order here: what arrives at the synapses in this step, and the postsynaptic spikes of this step.
        """
        return None

    def numbers(self) -> dict[str, float]:
        """Its numbers by the name of their field, but for those that are `None`."""
        fields = (field.name for field in dataclasses.fields(self) if "number" in field.metadata)
        return {name: getattr(self, name) for name in fields if getattr(self, name) is not None}

    def limits(self, name: str) -> tuple[float | None, float | None]:
        """The lowest and the highest value of a number."""
        said = self.__dataclass_fields__[name].metadata["number"]
        low, high = max(said["above"], said["least"]), said["most"]
        return None if low == -math.inf else low, None if high == math.inf else high

    def with_numbers(self, values: Mapping[str, Any]) -> Self:
        """The same rule with other numbers, which are not checked and may be traced."""
        other = object.__new__(type(self))
        for field in dataclasses.fields(self):
            object.__setattr__(other, field.name, values.get(field.name, getattr(self, field.name)))
        return other

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its numbers and memories, and rows with `when="learning"` that write the change of the weights in a step.

        Args:
            site: `source` is the read of what arrives at the weights, `[B, *takes]`; `target` the name of the change, of
                the shape of the weights, which are `target` without its last part, or the weights themselves where the rule is
                evaluated by events (`event_driven`); `gives` the shape of the current, `owner` the connection.
            context: `context.read(site.owner.post, "O")` is the read of the postsynaptic spikes of this step.

        Raises:
            ValueError: naming the connection and the rule, what the rule needs and the network has not.
        """
        return lowered(self, site, context)

    def bounding(self, site: Site, context: Context, weights: str) -> Fragment:
        """The row that writes `site.target`, bounded weights, from `weights`; none if it bounds nothing."""
        return Fragment() if type(self).bound is Rule.bound else bounded(self, site, context, weights)
