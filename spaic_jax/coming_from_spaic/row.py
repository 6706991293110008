"""One row of the page, and the names that its examples stand on."""

from typing import NamedTuple


class Counterpart(NamedTuple):
    """What stands for a name of SPAIC.

    Attributes:
        counterpart: full name of what does the same.
        note: how it differs; empty where it does not.
        example: lines as in a Python prompt, which run after those of `SETTING`.
    """

    counterpart: str
    note: str
    example: str


#: What the examples of all rows stand on.
SETTING = """
import jax
import jax.numpy as jnp
import optax

import spaic_jax as sj
from spaic_jax import Op, Program, Record, Variable, ops

net = sj.Network()
net.image = sj.Encoder(num=4, coding_method="constant_current")
net.layer = sj.NeuronGroup(3, model="lif")
net.synapses = sj.Connection(net.image, net.layer, weight=[[1.0] * 4] * 3, w_min=0.0, w_max=2.0)
net.spikes = sj.SpikeMonitor(net.layer)
net.potential = sj.StateMonitor(net.layer, "V")
net.counts = sj.Decoder(dec_target=net.layer)

key = jax.random.key(0)
sim = sj.build(net, dt=1.0)
before = sim.init(key, batch_size=2)
data = {"image": jnp.full((2, 4), 0.1)}
result = sim.run(before, data, steps=10)

leak = Program(
    variables=(Variable("x", (3,), role="input"), Variable("V", (3,)), Variable("decay", role="constant", init=0.5)),
    ops=(("I", "relu", "x"), ("V", "var_linear", "decay", "V", "I")),
    records=(Record("V", "V"),),
    dt=1.0,
)
"""
