"""Initial values whose spread follows from the shape of the weights."""

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax import program
from spaic_jax.program import INITIALS
from spaic_jax.storage import from_dict, to_dict


def drawn(initial, link="full", pre=(60,), post=(80,), **settings):
    net = sj.Network()
    net.x, net.g = sj.Encoder(shape=pre), sj.NeuronGroup(shape=post, model="if")
    net.w = sj.Connection(net.x, net.g, link, weight=initial, **settings)
    sim = sj.build(net, 1.0)
    assert sj.build(from_dict(to_dict(net)), 1.0).program == sim.program
    return np.asarray(sim.init(jax.random.key(1))["w.weight"], float)


@pytest.mark.parametrize(
    ("initial", "std", "largest"),
    [
        (program.XavierNormal(gain=2.0), 2 * np.sqrt(2 / 140), None),
        (program.XavierUniform(gain=2.0), 2 * np.sqrt(2 / 140), 2 * np.sqrt(6 / 140)),
        (program.KaimingNormal(), np.sqrt(2 / 60), None),
        (program.KaimingNormal(mode="fan_out", nonlinearity="linear"), np.sqrt(1 / 80), None),
        (program.KaimingUniform(a=1.0), np.sqrt(1 / 60), np.sqrt(3 / 60)),
    ],
)
def test_the_spread_is_that_of_the_formula(initial, std, largest):
    weight = drawn(initial)
    assert abs(weight.mean()) < 4 * std / np.sqrt(4800) and abs(weight.std() / std - 1) < 0.05
    if largest is not None:
        assert 0.98 * largest < np.abs(weight).max() <= largest


def test_kernels_have_the_fan_of_their_field():
    weight = drawn(program.KaimingNormal(nonlinearity="relu"), "conv", (20, 6, 6), (30, 4, 4))
    assert weight.shape == (30, 20, 3, 3) and abs(weight.std() / np.sqrt(2 / 180) - 1) < 0.05


def test_sparse_zeros_a_share_of_each_column():
    weight = drawn(program.SparseNormal(sparsity=0.3, std=0.5))
    np.testing.assert_array_equal((weight == 0).sum(0), np.full(60, 24))
    assert abs(weight[weight != 0].std() / 0.5 - 1) < 0.05


def test_what_does_not_fit_is_named():
    with pytest.raises(ValueError, match="xavier_normal got data of shape .* needs at least 2 axes"):
        drawn(np.ones((80, 60), np.float32), bias=program.XavierNormal())
    with pytest.raises(ValueError, match="unknown initial value 'xavier_noraml': did you mean 'xavier_normal'"):
        from_dict({
            "encoders": {"x": {"num": 2}}, "groups": {"g": {"num": 2}},
            "connections": {"w": {"pre": "x", "post": "g", "weight": {"initial": "xavier_noraml"}}},
        })


def test_every_one_is_in_the_table():
    kinds = {kind for name in program.__all__ if isinstance(kind := getattr(program, name), type)}
    assert set(INITIALS.values()) == {k for k in kinds if issubclass(k, program.Initial)} - {program.Initial, program.Given}
