"""Connections that use the weights of another one."""

import dataclasses

import jax
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax import edit
from spaic_jax.storage import from_dict, to_dict


def ring(shared, link="full", **settings):
    """Two groups in a loop: both ways, and the way in, have weights of one shape."""
    net = sj.Network()
    net.x = sj.Encoder(num=4, coding_method="null")
    net.a, net.b = (sj.NeuronGroup(4, model="leaky_integrator", tau_m=4.0) for _ in range(2))
    net.xa = sj.Connection(net.x, net.a, link, w_std=0.4, **settings)
    if shared:
        net.ab = sj.Connection(net.a, net.b, shared=net.xa, delay=2.0)
        net.ba = sj.Connection(net.b, net.a, shared=net.ab)
    else:
        net.ab = sj.Connection(net.a, net.b, link, delay=2.0, **settings)
        net.ba = sj.Connection(net.b, net.a, link, **settings)
    net.v = sj.StateMonitor(net.a, "V")
    return net


def first(name):
    """The name of the variable that is shared."""
    return f"xa.{name.partition('.')[2]}"


def loss(sim, variables, params):
    x = np.random.default_rng(0).normal(size=(12, 3, 4)).astype(np.float32)
    return (sim.run(variables.with_params(params), {"x": x}).probes["v"] ** 2).sum()


@pytest.mark.parametrize("plan", [{"plan": sj.Reference()}, {"plan": sj.Tiled(5)}])
@pytest.mark.parametrize(
    ("link", "settings"), [("full", {"weight_quantization": True}), ("sparse", {"density": 0.6, "bias": np.ones(4)})]
)
def test_it_is_one_variable_with_the_sum_of_the_gradients(link, settings, plan, key):
    one = sj.build(ring(True, link, **settings), dt=1.0, **plan)
    several = sj.build(ring(False, link, **settings), dt=1.0, **plan)
    variables, apart = one.init(key, 3), several.init(key, 3)
    names = {"xa.weight", "xa.bias"} if "bias" in settings else {"xa.weight"}
    assert set(variables.params) == names
    constants = {name: variables[first(name)] if ".mask" in name else value for name, value in apart.constants.items()}
    equal = {name: 3 * variables[first(name)] for name in apart.params}
    variables = variables.with_params({name: 3 * value for name, value in variables.params.items()})
    apart = dataclasses.replace(apart, params=equal, constants=constants)
    value, slope = jax.jit(jax.value_and_grad(lambda p: loss(one, variables, p)))(variables.params)
    expected, slopes = jax.jit(jax.value_and_grad(lambda p: loss(several, apart, p)))(apart.params)
    np.testing.assert_allclose(value, expected, rtol=1e-5)
    assert float(value) > 1
    for name in names:
        total = sum(slopes[f"{c}.{name.partition('.')[2]}"] for c in ("xa", "ab", "ba"))
        np.testing.assert_allclose(slope[name], total, rtol=1e-4, atol=1e-4 * float(np.abs(total).max()))


def test_states_of_the_link_are_its_own(key):
    """The trace of a spike2mass link, with one weight for two sources."""
    net = sj.Network()
    net.x, net.y = sj.Encoder(num=3, coding_method="null"), sj.Encoder(num=3, coding_method="null")
    net.a, net.b = sj.NeuronGroup(2, model="leaky_integrator"), sj.NeuronGroup(2, model="leaky_integrator")
    net.xa = sj.Connection(net.x, net.a, "spike2mass", is_parameter=False)
    net.yb = sj.Connection(net.y, net.b, "spike2mass", shared=net.xa)
    net.i = sj.StateMonitor(net.b, "Isyn")
    sim = sj.build(net, dt=1.0)
    variables = sim.init(key)
    assert not variables.params and {"xa.rate", "yb.rate"} <= set(variables.state) and "yb.weight" not in sim.program.by_name
    result = sim.run(variables, {"x": np.ones((1, 1, 3), np.float32), "y": np.full((1, 1, 3), 2.0, np.float32)})
    np.testing.assert_allclose(result.probes["i"][0, 0], 2 * variables["xa.weight"][:, 0], rtol=1e-6)


def test_a_stored_connectome_is_shared_with_its_synapses(key):
    net = ring(True, "sparse_sparse", density=0.5)
    assert {name for name in sj.build(net, dt=1.0).init(key).constants if "." in name} >= {"xa.post", "xa.start"}
    net.c = sj.NeuronGroup(2, model="leaky_integrator")
    net.d = sj.NeuronGroup(8, model="leaky_integrator")
    net.xd = sj.Connection(net.x, net.d)
    net.dc = sj.Connection(net.d, net.c, shared=net.xa)
    with pytest.raises(ValueError, match=r"connection 'dc' shares 'xa.post', but its ends differ from those that this was made"):
        sj.build(net, dt=1.0)


def test_files_and_edits_keep_it(key):
    net = sj.Network()
    with net:
        x = sj.Encoder(num=4)
        with sj.Assembly() as inner:
            a = sj.NeuronGroup(4, model="lif")
            first = sj.Connection(x, a, w_std=0.4)
            sj.Connection(a, a, shared=first, name="second")
        third = sj.Connection(inner.a, inner.a, shared=inner.second)
    assert third.shared is first and "link_type" not in to_dict(net)["connections"]["third"]
    assert to_dict(net)["connections"]["third"]["shared"] == "inner/first"
    assert "weights of inner/first" in str(net)
    program = sj.build(net, dt=1.0).program
    # The tables of an assembly come after those of what is around it.
    assert sj.build(from_dict(to_dict(net)), dt=1.0).program == program
    both = edit.add(net, "other", edit.copy(net.inner))
    assert both["other/second"].shared is both["other/first"] and both["inner/second"].shared is first
    changed = edit.replace(net, "inner/first", sj.Connection(x, a, "random", is_parameter=False))
    assert changed["third"].link is changed["inner/first"].link and not changed["inner/second"].is_parameter
    assert not sj.build(changed, dt=1.0).init(key).params
    assert "third" not in edit.delete(net, "inner/first")


def test_what_cannot_be_shared_is_named():
    net = ring(True)
    with pytest.raises(ValueError, match="w_std came beside shared, whose settings hold"):
        sj.Connection(net.a, net.b, shared=net.xa, w_std=1.0)
    with pytest.raises(ValueError, match="link_type Sparse came beside shared, whose link is a Full"):
        sj.Connection(net.a, net.b, "sparse", shared=net.xa)
    with pytest.raises(TypeError, match="shared must be a Connection, not NeuronGroup"):
        sj.Connection(net.a, net.b, shared=net.a)
    net.c = sj.NeuronGroup(3, model="lif")
    net.ac = sj.Connection(net.a, net.c, shared=net.xa)
    with pytest.raises(ValueError, match=r"connection 'ac' shares 'xa.weight', which has shape \(4, 4\), but needs \(3, 4\)"):
        sj.build(net, dt=1.0)
    with pytest.raises(ValueError, match="network.connections.ab.shared: unknown member 'xb'"):
        tables = to_dict(ring(True))
        tables["connections"]["ab"]["shared"] = "xb"
        from_dict(tables)
    with pytest.raises(ValueError, match=r"network.connections.ab: Connection: shared must be a Connection"):
        tables["connections"]["ab"]["shared"] = "a"
        from_dict(tables)
    alone = sj.Network()
    alone.x, alone.a = net.x, net.a
    alone.w = sj.Connection(net.x, net.a, shared=net.xa)
    with pytest.raises(ValueError, match="is used in the network, but is not a member of it"):
        sj.build(alone, dt=1.0)
