"""Learning rules on spike trains of one's choice, to compare with loops over the same trains in float64."""

import dataclasses
from types import SimpleNamespace
from typing import ClassVar

import jax
import numpy as np

import spaic_jax as sj
from spaic_jax.neurons import NeuronModel, shown, variable


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Told(NeuronModel):
    """Neurons that do as they are told: their spikes and potentials are given, the weights change nothing."""

    class State(NeuronModel.State):
        V: jax.Array = variable(0.0)
        O: jax.Array = shown()

    receives: ClassVar = ("Isyn", "spikes", "potential")
    spiking: ClassVar = True

    def step(self, state, current, spikes, potential):
        return self.State(O=spikes + 0 * current, V=potential)


@dataclasses.dataclass(frozen=True)
class Trains:
    """What happens at a connection: `pre` `[T, B, J]`, `post` and `potential` `[T, B, I]`, first weights `[I, J]`."""

    pre: np.ndarray
    post: np.ndarray
    potential: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(cls, seed, steps=40, batch=3, pre=5, post=4, rate=0.25, low=0.1, high=0.9):
        rng = np.random.default_rng(seed)
        spikes = [(rng.random((steps, batch, n)) < rate).astype(np.float32) for n in (pre, post)]
        potential, weight = rng.normal(size=(steps, batch, post)), rng.uniform(low, high, (post, pre))
        return cls(*spikes, potential.astype(np.float32), weight.astype(np.float32))

    def seen(self, propagation="same_step", delay=None, dt=1.0):
        """What a rule sees, in float64: `pre` at each synapse `[T, B, I, J]`, `post` and `potential`, `[T, B, I]`."""
        late = int(propagation == "one_step")
        steps = (np.zeros(self.weight.shape) if delay is None else np.floor(np.asarray(delay) / dt)).astype(int) + late
        steps = np.broadcast_to(steps, self.weight.shape)
        at = np.arange(len(self.pre))[:, None, None] - steps
        pre = np.where(at >= 0, np.moveaxis(self.pre, 1, 0)[:, at, np.arange(self.pre.shape[2])], 0)
        post, potential = (np.concatenate([np.zeros_like(x[:late]), x[: len(x) - late]]) for x in (self.post, self.potential))
        return SimpleNamespace(pre=np.moveaxis(pre, 0, 1).astype(float), post=post.astype(float), potential=potential.astype(float))


def network(rules, trains, *, name="synapses", delay=None, rewards=None, teachers=None, **connection):
    """A connection with rules between an encoder and neurons that are told what to do.

    Rewards and teachers are sizes by name, of an `environment_reward` and of an encoder; `delay` is a number or `[I, J]`, ms.
    """
    net = sj.Network()
    for kind, size in (("pre", trains.pre.shape[2]), ("spikes", trains.post.shape[2]), ("potential", trains.post.shape[2])):
        setattr(net, kind, sj.Encoder(num=size, coding_method="null"))
    net.group = sj.NeuronGroup(trains.post.shape[2], model=Told())
    setattr(net, name, sj.Connection(net.pre, net.group, weight=trains.weight, plasticity=rules, delay=delay, **connection))
    for kind in ("spikes", "potential"):
        tell = sj.Connection(net[kind], net.group, "one_to_one", weight=1.0, post_var_name=kind, is_parameter=False)
        setattr(net, f"tell_{kind}", tell)
    for node, size in (rewards or {}).items():
        setattr(net, node, sj.Reward(size, coding_method="environment_reward"))
    for node, size in (teachers or {}).items():
        setattr(net, node, sj.Encoder(num=size, coding_method="null"))
    net.weights = sj.WeightMonitor(net[name])
    return net


def learn(
    rules, trains, *, plan=None, dt=1.0, propagation="same_step", rewards=None, teachers=None, samples=None, name="synapses", **settings
):
    """The weights after each step, `[T, I, J]`.

    Args:
        rules: one or several.
        trains: `Trains`.
        rewards, teachers: what they give, `[T, B, n]`, by the name of their node.
        samples: the weight of each sample, `[B]`, of rules with `batch="weighted"`.
        **settings: of `network`.
    """
    sizes = [{node: x.shape[2] for node, x in (nodes or {}).items()} for nodes in (rewards, teachers)]
    net = network(rules, trains, name=name, rewards=sizes[0], teachers=sizes[1], **settings)
    sim = sj.build(net, dt=dt, propagation=propagation, plan=plan or sj.Reference()).train()
    # A reward of one number has no axis of numbers.
    rewarded = {node: x[..., 0] if x.shape[2] == 1 else x for node, x in (rewards or {}).items()}
    data = {"pre": trains.pre, "spikes": trains.post, "potential": trains.potential, **rewarded, **(teachers or {})}
    if samples is not None:
        data[f"{name}.sample_weight"] = samples
    return np.asarray(sim.run(sim.init(jax.random.key(0), trains.pre.shape[1]), data).probes["weights"])
