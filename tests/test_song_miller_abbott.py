"""Competition by STDP, as in Song, Miller and Abbott (2000): the weights of a neuron split into weak and strong ones."""

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.plasticity import STDP
from spaic_jax.program import Uniform

#: The largest conductance of a synapse, nS: a hundredth of the leak.
LARGEST = 0.1


@pytest.mark.slow
def test_weights_become_bimodal():
    with sj.Network() as net:
        inputs = sj.Generator(1000, coding_method="poisson_generator2", rate=0.015)
        neuron = sj.NeuronGroup(1, model="condlif", C=100.0, gL=10.0, EL=-74.0, v_th=-54.0, v_reset=-60.0, t_ref=0.0)
        rule = STDP(a_plus=0.01 * LARGEST, a_minus=0.0105 * LARGEST)
        synapses = sj.Connection(
            inputs, neuron, weight=Uniform(0.0, LARGEST), w_min=0.0, w_max=LARGEST, post_var_name="g_exc", plasticity=rule
        )
        counts = sj.Decoder(dec_target=neuron)
    del synapses, counts
    sim = sj.build(net, dt=0.1).train()
    variables, rates = sim.init(jax.random.key(0)), []
    for _ in range(10):
        result = sim.run(variables, key=jax.random.key(1), steps=sim.steps(10_000.0))
        variables = result.variables
        rates.append(float(result.outputs["counts"][0, 0]) / 10)
    weight = np.asarray(variables["synapses.weight"]) / LARGEST
    assert 0.20 <= (weight < 0.1).mean() <= 0.32
    assert 0.14 <= (weight > 0.9).mean() <= 0.25
    # Brian2, of the same network: a mean weight of 0.475, and 21 to 24 Hz in the last 20 s.
    assert weight.mean() == pytest.approx(0.475, abs=0.02)
    assert rates[0] > 30 and 18 < np.mean(rates[-2:]) < 27
