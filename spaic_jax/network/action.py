"""The node through which actions leave."""

import dataclasses
from typing import Any

from spaic_jax._numbers import whole
from spaic_jax.coding.actions import Acting, resolve_action
from spaic_jax.network.element import Element, element, named
from spaic_jax.network.group import NeuronGroup
from spaic_jax.network.reward import spikes_of
from spaic_jax.program import Context, Fragment, Site


@element
class Action(Element):
    """Chooses an action for each sample by what a group did: the result's `outputs[name]`, int32 `[B]`.

    A run gives the action after its last step, of all steps of the presentation. `Simulator.step` emits one in every step, of
    the presentation so far, for loops with an environment: `emitted[name]`. Each population of neurons, which follow each
    other, stands for an action. Choices are drawn from the key of the run.

    Args:
        num: number of actions; by default one for each population.
        dec_target: the group.
        coding_method: name of an action (see `spaic_jax.coding.ACTIONS`), or the action itself.
        pop_size: neurons that stand for an action; by default as many as `num` says, or one.
        name: name in the network; by default that of the attribute or variable it is bound to.
        coding_var_name: the variable looked at; by default what the action reads.
        **settings: the action's settings.

    Raises:
        ValueError: unknown action or setting (with the nearest right one), actions that do not divide the target's neurons; when
            the network is lowered, a target without such a variable.
        TypeError: `dec_target` is no group.

    Example:
        >>> import jax, spaic_jax as sj
        >>> with sj.Network() as net:
        ...     senses = sj.Encoder(num=2, coding_method="constant_current")
        ...     layer = sj.NeuronGroup(2, model="if", v_th=1.0)
        ...     synapses = sj.Connection(senses, layer, weight=[[1.0, 0.0], [0.0, 1.0]])
        ...     action = sj.Action(dec_target=layer, coding_method="highest_spikes_action")
        >>> sim = sj.build(net, dt=1.0)
        >>> data, key = {"senses": [[0.6, 0.3], [0.2, 0.9]]}, jax.random.key(0)
        >>> sim.run(sim.init(key, 2), data, key, steps=10).outputs["action"].tolist()
        [0, 1]
    """

    def __init__(
        self,
        num: int | None = None,
        dec_target: NeuronGroup | None = None,
        coding_method: str | Acting = "pop_rate_action",
        *,
        pop_size: int | None = None,
        name: str | None = None,
        coding_var_name: str | None = None,
        **settings: Any,
    ):
        if not isinstance(dec_target, NeuronGroup):
            raise TypeError(f"Action: dec_target must be a NeuronGroup, not {dec_target!r}.")
        acting, neurons = resolve_action(coding_method, **settings), dec_target.num
        if num is not None and (neurons % whole(num, "Action: num") or pop_size not in (None, neurons // num)):
            beside = "" if pop_size is None else f" and pop_size {pop_size}"
            raise ValueError(f"Action: num is {num}{beside}, but its target has {neurons} neurons, the same number for each action.")
        size = whole(1 if pop_size is None else pop_size, "Action: pop_size") if num is None else neurons // num
        variable = coding_var_name or acting.reads
        self._declare(dec_target=dec_target, acting=acting, pop_size=size, name=name, coding_var_name=variable)

    dec_target: NeuronGroup
    acting: Acting = dataclasses.field(metadata=named("coding_method"))
    pop_size: int
    coding_var_name: str

    @property
    def num(self) -> int:
        """Number of actions."""
        return self.dec_target.num // self.pop_size

    def _check(self) -> None:
        if self.dec_target.num % self.pop_size:
            raise ValueError(f"pop_size must divide the {self.dec_target.num} neurons of the target, got {self.pop_size}.")

    def lower(self, site: Site, context: Context) -> Fragment:
        """The rows that write its action `<name>.action`, and the record of it.

        Raises:
            ValueError: a target without the variable.
        """
        source = spikes_of(self.dec_target, self.coding_var_name, site.name, context)
        return self.acting.lower(dataclasses.replace(site, source=source, takes=self.dec_target.shape, gives=(self.num,)), context)
