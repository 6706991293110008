"""The node through which rewards enter."""

import dataclasses
import math
from typing import Any, ClassVar

from spaic_jax._errors import unknown
from spaic_jax.coding.rewards import EnvironmentReward, Rewarding, resolve_reward
from spaic_jax.network.element import Element, element, named, shape_of
from spaic_jax.network.group import NeuronGroup
from spaic_jax.program import Context, Fragment, Site


@element
class Reward(Element):
    """Makes a reward for each sample of the run's input of the same name and of what a group does: `<name>.reward`, `[B, n]`.

    The input is a label, or what an environment gives: `[B]` held for the run, or `[T, B]`, one for each step. It cannot be left
    out, also in runs that do not learn. The reward is of the spikes of this step, or of a window of steps, and zero in steps
    that end no window (`dec_sample_step`). Learning rules name the node, as `RSTDP(reward="reward")`, and rewards of several
    nodes are variables of their own.

    Args:
        num: number of neurons looked at; must be that of `dec_target`, or left out. Without a target, how many numbers an
            environment gives for a sample; one by default.
        dec_target: the group; may be left out where an environment gives the reward.
        coding_method: name of a reward (see `spaic_jax.coding.REWARDS`), or the reward itself.
        shape: instead of or beside `num`.
        name: name in the network; by default that of the attribute or variable it is bound to.
        coding_var_name: the variable of the group that counts as spikes.
        **settings: the reward's settings.

    Raises:
        ValueError: unknown reward or setting (with the nearest right one), a size that is not the target's, no target where
            one is needed, one without such a variable; at a run, labels out of range and rewards that are not finite.
        TypeError: `dec_target` is no group.

    Example:
        >>> import jax, spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=2, coding_method="constant_current")
        ...     layer = sj.NeuronGroup(2, model="if", v_th=1.0)
        ...     synapses = sj.Connection(image, layer, weight=[[1.0, 0.0], [0.0, 1.0]])
        ...     reward = sj.Reward(dec_target=layer, dec_sample_step=5)
        ...     rewards = sj.StateMonitor(reward, "reward")
        >>> sim = sj.build(net, dt=1.0)
        >>> data = {"image": [[0.6, 0.0], [0.0, 0.6]], "reward": [0, 0]}
        >>> sim.run(sim.init(jax.random.key(0), 2), data, steps=5).probes["rewards"][..., 0].tolist()
        [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, -1.0]]
    """

    def __init__(
        self,
        num: int | None = None,
        dec_target: NeuronGroup | None = None,
        coding_method: str | Rewarding = "global_reward",
        *,
        shape: tuple[int, ...] | None = None,
        name: str | None = None,
        coding_var_name: str = "O",
        **settings: Any,
    ):
        rewarding = resolve_reward(coding_method, **settings)
        if dec_target is not None and not isinstance(dec_target, NeuronGroup):
            raise TypeError(f"Reward: dec_target must be a NeuronGroup, not {dec_target!r}.")
        if dec_target is None and not isinstance(rewarding, EnvironmentReward):
            raise ValueError(f"Reward: a {type(rewarding).__name__} needs a dec_target, the group that is rewarded.")
        given = num is not None or shape is not None
        size = shape_of("Reward", num, shape) if given else (1,) if dec_target is None else dec_target.shape
        if dec_target is not None and math.prod(size) != dec_target.num:
            raise ValueError(f"Reward: num is {math.prod(size)}, but its target has {dec_target.num} neurons.")
        shape = size if dec_target is None else None
        self._declare(dec_target=dec_target, rewarding=rewarding, shape=shape, name=name, coding_var_name=coding_var_name)

    #: What learning rules read.
    output: ClassVar[str] = "reward"
    dec_target: NeuronGroup | None
    rewarding: Rewarding = dataclasses.field(metadata=named("coding_method"))
    shape: tuple[int, ...] | None
    coding_var_name: str

    def _check(self) -> None:
        if self.dec_target is not None:
            self.rewarding.check(self.dec_target.num)

    def lower(self, site: Site, context: Context) -> Fragment:
        """Its input `<name>`, and the rows that write its reward `<name>.reward`.

        Raises:
            ValueError: a target without spikes.
        """
        takes, source = self.shape or (), ""
        if self.dec_target is not None:
            takes, source = self.dec_target.shape, spikes_of(self.dec_target, self.coding_var_name, site.name, context)
        size = self.rewarding.size(math.prod(takes), self.dec_target is not None)
        return self.rewarding.lower(dataclasses.replace(site, source=source, takes=takes, gives=(size,)), context)


def spikes_of(group: NeuronGroup, variable: str, name: str, context: Context) -> str:
    """The read of a group's variable in this step, for a node of some name.

    Raises:
        ValueError: when the group has no such variable, or its numbers are complex.
    """
    target = context.name_of(group)
    found = context.variable(f"{target}.{variable}")
    if found is None or found.role != "state":
        has = [v.name.removeprefix(f"{target}.") for v in context.made.variables if v.name.startswith(f"{target}.") and v.role == "state"]
        raise ValueError(f"'{name}' looks at '{target}': {unknown('variable', variable, has)}")
    if found.dtype.startswith("complex"):
        raise ValueError(f"'{name}' looks at '{target}.{variable}', which is {found.dtype}, but needs real numbers.")
    return context.read(group, variable)
