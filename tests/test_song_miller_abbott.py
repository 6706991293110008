"""Competition by STDP, as in Song, Miller and Abbott (2000): the weights of a neuron split into weak and strong ones."""

from pathlib import Path

import jax
import numpy as np
import pytest

import spaic_jax as sj

CONFIG = Path(__file__).parent.parent / "configs" / "song_miller_abbott.toml"
#: The largest conductance of a synapse, nS: a hundredth of the leak.
LARGEST = 0.1


@pytest.mark.slow
def test_weights_become_bimodal():
    sim = sj.build(sj.load_network(CONFIG), dt=0.1).train()
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
