"""Link types against SPAIC's recordings, and against NumPy in float64."""

import fractions

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from spaic import golden

import spaic_jax as sj
from spaic_jax.program import INITIALS, FluctuationDriven
from spaic_jax.storage import from_dict, to_dict
from spaic_jax.synapses import DELAYS, LINKS, SYNAPSES


def linked(pre, post, link="full", steps=5, batch=3, seed=0, **settings):
    """A group driven through a link by given values: the simulator, its variables, the data and the currents."""
    net = sj.Network()
    net.x = sj.Encoder(shape=pre, coding_method="null")
    net.g = sj.NeuronGroup(shape=post, model="leaky_integrator")
    net.w = sj.Connection(net.x, net.g, link, **settings)
    net.i = sj.StateMonitor(net.g, "Isyn")
    sim = sj.build(net, dt=1.0, plan=sj.Tiled(2))
    assert sj.build(from_dict(to_dict(net)), dt=1.0, plan=sj.Tiled(2)).program == sim.program
    x = np.random.default_rng(seed).normal(size=(steps, batch, *pre)).astype(np.float32)
    variables = sim.init(jax.random.key(seed), batch)
    return sim, variables, x, np.asarray(sim.run(variables, {"x": x}, jax.random.key(1)).probes["i"], np.float64)


@pytest.mark.parametrize(
    ("name", "link", "propagation", "settings"),
    [
        ("full/s0", "full", "one_step", {}),
        ("full/s1", "full", "same_step", {}),
        ("full_bias/s1", "full", "same_step", {}),
        ("conv/s1", "conv", "same_step", {"in_channels": 2}),
        ("conv_maxpool/s1", "conv", "same_step", {"in_channels": 1, "syn_type": ["conv", "maxpool"]}),
    ],
)
def test_links_give_spaics_currents(name, link, propagation, settings, key):
    recorded = golden(f"conn/{name}")
    given = {part: recorded[part].astype(np.float32) for part in ("weight", "bias") if part in recorded}
    net = sj.Network()
    net.x = sj.Encoder(shape=recorded["x"].shape[2:], coding_method="null")
    net.g = sj.NeuronGroup(shape=recorded["Isyn"].shape[2:], model="null")
    net.w = sj.Connection(net.x, net.g, link, **given, **settings)
    net.i, net.o = sj.StateMonitor(net.g, "Isyn"), sj.StateMonitor(net.g, "O")
    sim = sj.build(net, dt=1.0, propagation=propagation)
    x = recorded["x"].swapaxes(0, 1).astype(np.float32)
    probes = sim.run(sim.init(key, x.shape[1]), {"x": x}).probes
    np.testing.assert_allclose(probes["i"], recorded["Isyn"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(probes["o"], recorded["post_O"], rtol=1e-5, atol=1e-5)


def test_one_to_one_has_one_weight_a_pair():
    _, variables, x, current = linked((2, 3), (6,), "one_to_one", w_std=0.5, bias=np.arange(6, dtype=np.float32))
    assert variables["w.weight"].shape == (6,)
    expected = x.reshape(5, 3, 6).astype(float) * np.asarray(variables["w.weight"], float) + np.arange(6)
    np.testing.assert_allclose(current, expected, rtol=1e-5)


def test_null_passes_on_what_it_gets():
    _, _, x, current = linked((2, 3), (3, 2), "null")
    np.testing.assert_array_equal(current, x.reshape(5, 3, 3, 2))


@pytest.mark.parametrize(("link", "setting"), [("sparse", {"density": 0.3}), ("random", {"probability": 0.3})])
def test_masked_links_are_as_dense_as_they_say_and_stay_so(link, setting):
    sim, variables, x, current = linked((40,), (50,), link, **setting)
    mask, weight = np.asarray(variables["w.mask"]), np.asarray(variables["w.weight"], float)
    pairs = 2000 - (40 if link == "random" else 0)
    assert abs(mask.sum() - 0.3 * pairs) < 4 * np.sqrt(0.21 * pairs)
    if link == "random":
        assert not mask[np.arange(40), np.arange(40)].any()
        assert weight.min() >= 0 and weight.max() <= 0.3
    np.testing.assert_allclose(current, x.astype(float) @ (mask * weight).T, rtol=1e-4, atol=1e-5)

    def loss(params):
        return (sim.run(variables.with_params(params), {"x": x}).probes["i"] ** 2).sum()

    slope = jax.grad(loss)(variables.params)["w.weight"]
    assert (np.asarray(slope)[~mask] == 0).all() and (np.asarray(slope)[mask] != 0).all()
    optimizer = optax.sgd(0.01)
    with jax.numpy_dtype_promotion("standard"):  # optax mixes dtypes
        updates, _ = optimizer.update(jax.grad(loss)(variables.params), optimizer.init(variables.params))
        trained = variables.with_params(optax.apply_updates(variables.params, updates))
    silent = x[0].astype(float) @ (mask * np.asarray(trained["w.weight"], float)).T
    np.testing.assert_allclose(sim.run(trained, {"x": x}).probes["i"][0], silent, rtol=1e-4, atol=1e-5)
    other = sim.init(jax.random.key(9), 3)
    assert (np.asarray(other["w.mask"]) != mask).any()


def correlate(x, kernel, stride, padding, dilation):
    """`[..., C, H, W]` with `(out, in, kh, kw)`, by loops."""
    x = np.pad(x, [(0, 0)] * (x.ndim - 2) + [(padding, padding)] * 2)
    spans = [dilation * (k - 1) + 1 for k in kernel.shape[2:]]
    rows, columns = ((n - span) // stride + 1 for n, span in zip(x.shape[-2:], spans, strict=True))
    out = np.zeros((*x.shape[:-3], kernel.shape[0], rows, columns))
    for i in range(rows):
        for j in range(columns):
            a, b = i * stride, j * stride
            window = x[..., a : a + spans[0] : dilation, b : b + spans[1] : dilation]
            out[..., i, j] = np.einsum("...chw,ochw->...o", window, kernel)
    return out


@pytest.mark.parametrize(
    ("post", "settings"),
    [
        ((3, 4, 5), {"kernel_size": 3, "padding": 1, "bias": np.array([1.0, -1.0, 0.5], np.float32)}),
        ((3, 2, 2), {"kernel_size": [2, 3], "stride": 2, "dilation": 1}),
        ((3, 2, 3), {"kernel_size": 2, "dilation": 2}),
    ],
)
def test_convolutions_equal_loops(post, settings):
    _, variables, x, current = linked((2, 4, 5) if post != (3, 2, 2) else (2, 4, 6), post, "conv", w_std=0.5, **settings)
    bias = np.reshape(settings.get("bias", np.zeros(3)), (3, 1, 1))
    kernel = np.asarray(variables["w.weight"], float)
    window = [settings.get(name, default) for name, default in (("stride", 1), ("padding", 0), ("dilation", 1))]
    np.testing.assert_allclose(current, correlate(x.astype(float), kernel, *window) + bias, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("kernel", "dilation"), [((3, 3), 1), ((2, 4), 1), ((3, 2), 2)])
def test_the_same_padding_keeps_the_size(kernel, dilation):
    """Of an odd number of zeros one more comes at the end, as in PyTorch."""
    _, variables, x, current = linked((2, 5, 6), (3, 5, 6), "conv", kernel_size=kernel, dilation=dilation, padding="same", w_std=0.5)
    around = [dilation * (k - 1) for k in kernel]
    padded = np.pad(x.astype(float), ((0, 0), (0, 0), (0, 0), *((n // 2, n - n // 2) for n in around)))
    expected = correlate(padded, np.asarray(variables["w.weight"], float), 1, 0, dilation)
    np.testing.assert_allclose(current, expected, rtol=1e-4, atol=1e-5)


def test_initial_values_go_by_name():
    for name, kind in INITIALS.items() - {("fluctuation_driven", FluctuationDriven)}:
        settings = {"weight": name.upper(), **({"bias": "uniform"} if name == "normal" else {})}
        _, variables, _, _ = linked((40,), (50,), "full", **settings)
        given = linked((40,), (50,), "full", weight=kind())[1]
        np.testing.assert_array_equal(variables["w.weight"], given["w.weight"])
    weight = np.asarray(linked((100,), (200,), "full", weight="kaiming_normal")[1]["w.weight"])
    assert abs(weight.std() - np.sqrt(2 / 100)) < 0.01 * np.sqrt(2 / 100) * 3
    assert linked((4,), (5,), "full", bias="uniform")[1]["w.bias"].shape == (5,)


@pytest.mark.parametrize("number", [np.float32, np.float64, np.asarray, jnp.float32, fractions.Fraction])
def test_numbers_of_any_type_are_settings(number):
    """They become Python's own, so that programs are the same."""
    whole = np.asarray if number is np.asarray else np.int64
    for link, settings in {
        "full": {"w_mean": 0.5, "w_std": 0.25, "w_min": -1.0},
        "sparse": {"density": 0.5},
        "random": {"probability": 0.5},
        "dist_depd": {"dist_a": 0.5, "dist_b": 0.25, "w_amp": 2.0, "pos_range": 2.0, "p": 0.5},
        "spike2mass": {"tau_syn": 2.0},
        "mass2spike": {"unit_conversion": 0.5},
        "attention": {"tau_m": 2.0, "tau_r": 0.5, "d_k": 2, "group_num": 1},
        "continuous_local": {"sigma_c": 2.0, "kernel_size": 2, "stride": 1, "padding": 0},
        "conv": {"out_channels": 2, "in_channels": 1, "groups": 1, "kernel_size": 2, "padding": 1, "dilation": 1},
        "maxpool": {"pool_kernel_size": 2, "pool_stride": 2, "pool_padding": 1},
        "dropout": {"p": 0.25},
        "batchnorm2d": {"momentum": 0.5, "num_features": 3},
        "isyn_bn": {"beta_ave": 0.5, "targ_ave": 2.0},
        "upsample": {"upscale": 2.0},
        "fixed": {"max_delay": 4.0, "min_delay": 0.5},
        "gaussian": {"max_delay": 4.0, "sigma": 0.5},
        "rotation": {"max_delay": 4.0, "tau": 2.0, "rot_k": 4.0},
    }.items():
        kind = {**LINKS, **SYNAPSES, **DELAYS}[link]
        made = kind(**{name: whole(value) if isinstance(value, int) else number(value) for name, value in settings.items()})
        plain = kind(**settings)
        for name in settings:
            value = getattr(made, name)
            assert value == getattr(plain, name) and type(value) in (int, float, tuple), (link, name)


def test_transposed_convolution_is_the_transpose():
    settings = {"kernel_size": 3, "stride": 2, "padding": 1}
    _, variables, x, current = linked((2, 3, 3), (4, 5, 5), "conv_transpose", w_std=0.5, **settings)
    kernel = np.asarray(variables["w.weight"], float)
    assert kernel.shape == (2, 4, 3, 3)
    probe = np.random.default_rng(4).normal(size=(4, 5, 5))
    # <conv(probe), x> = <probe, conv_transpose(x)> with the same kernel, whose (in, out) are the convolution's (out, in).
    there = np.einsum("chw,tbchw->tb", correlate(probe, kernel, 2, 1, 1), x.astype(float))
    np.testing.assert_allclose(np.einsum("chw,tbchw->tb", probe, current), there, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ["maxpool", "avgpool", "sumpool", "upsample"])
def test_pooling_is_what_it_says(kind):
    post = (2, 8, 12) if kind == "upsample" else (2, 2, 3)
    _, variables, x, current = linked((2, 4, 6), post, "pool", syn_type=[kind])
    assert not variables.params
    windows = x.reshape(5, 3, 2, 2, 2, 3, 2)
    expected = {
        "maxpool": windows.max((4, 6)), "avgpool": windows.mean((4, 6)), "sumpool": windows.sum((4, 6)),
        "upsample": x.repeat(2, -1).repeat(2, -2),
    }[kind]
    np.testing.assert_allclose(current, expected, rtol=1e-5, atol=1e-6)


def test_convolution_and_pooling_follow_each_other():
    _, variables, x, current = linked((1, 6, 6), (8,), "conv", syn_type=["conv", "avgpool"], out_channels=2, w_std=0.5)
    maps = correlate(x.astype(float), np.asarray(variables["w.weight"], float), 1, 0, 1)
    expected = maps.reshape(5, 3, 2, 2, 2, 2, 2).mean((4, 6)).reshape(5, 3, 8)
    np.testing.assert_allclose(current, expected, rtol=1e-4, atol=1e-5)


#: What a link cannot do without.
NEEDED = {"fixed_indegree": {"indegree": 4}, "fixed_outdegree": {"outdegree": 4}, "fixed_total": {"number": 40}}


def test_bounds_hold_for_every_weight():
    for link in {kind: name for name, kind in LINKS.items()}.values():
        if link in ("electrical", "null", "pool", "pool_connection", "dist_depd"):  # the first and last need two groups
            continue
        maps = link.startswith("con")
        shape = (1, 3, 3) if maps else (9,)
        _, variables, _, _ = linked(
            shape, shape, link, w_min=0.0, w_max=0.06, w_std=0.3, **({"padding": 1} if maps else NEEDED.get(link, {}))
        )
        for name in LINKS[link].weights:
            weight = variables[f"w.{name}"]
            assert float(weight.min()) >= 0.0 and float(weight.max()) <= 0.06 + 1e-7, link
            assert weight.dtype == jnp.float32


@pytest.mark.parametrize(
    ("pre", "post", "link", "settings", "sentence"),
    [
        ((4,), (5,), "one_to_one", {}, "one_to_one needs ends of one size, but they have 4 and 5"),
        ((4,), (5,), "null", {}, r"makes shape \(4,\) of \(4,\), but its group has shape \(5,\)"),
        ((4,), (4,), "one_to_one", {"weight": np.eye(4)}, r"weight has shape \(4, 4\), but needs \(4,\) \(pairs\)"),
        ((4,), (5,), "sparse", {"density": 0.0}, "Sparse: density must be a positive, finite number of at most 1, got 0.0"),
        ((4,), (5,), "random", {"probability": 1.5}, "Random: probability must be a positive, finite number of at most 1, got 1.5"),
        ((4,), (5,), "sparse", {"w_std": -1.0}, "Sparse: w_std must be a finite number of at least 0, got -1.0"),
        ((4,), (5,), "conv", {}, r"conv needs maps \(C, H, W\) or lines \(C, L\), but gets \(4,\)"),
        ((1, 5, 5), (2, 4, 4), "conv", {}, r"makes shape \(2, 3, 3\) of \(1, 5, 5\), but its group has shape \(2, 4, 4\)"),
        ((1, 5, 5), (2, 3, 3), "conv", {"dilation": 2}, r"makes shape \(2, 1, 1\)"),
        ((1, 2, 2), (2, 3, 3), "conv", {}, "connection 'w': conv_2d"),
        ((2, 5, 5), (2, 3, 3), "conv", {"in_channels": 1}, "in_channels is 1, but its source has 2 maps"),
        ((3, 5, 5), (2, 3, 3), "conv", {"groups": 2}, "groups must divide the 3 maps"),
        ((1, 5, 5), (2, 3, 3), "conv", {"syn_type": ["conv", "conv"]}, "syn_type must hold 'conv' once"),
        ((1, 5, 5), (2, 3, 3), "conv", {"syn_type": ["conv", "dropuot"]}, "unknown syn_type 'dropuot'"),
        ((1, 5, 5), (2, 3, 3), "conv", {"bias": np.zeros(3)}, r"bias has shape \(3,\), but needs \(2,\) \(out\)"),
        ((4,), (4,), "pool", {}, "connection 'w': max_pool2d"),
        ((1, 5, 5), (2, 5, 5), "conv", {"padding": "same", "stride": 2}, r"Conv: padding 'same' needs the stride 1, got \(2, 2\)"),
        ((1, 5, 5), (2, 5, 5), "conv", {"padding": "full"}, "Conv: padding must be whole numbers or 'same', got 'full'"),
        ((1, 5, 5), (2, 5, 5), "conv", {"kernel_size": 2.5}, r"Conv: kernel_size needs one or two whole numbers .*, got \(2.5, 2.5\)"),
        ((1, 5, 5), (2, 5, 5), "conv_transpose", {"padding": "same"}, "ConvTranspose: padding needs one or two whole numbers"),
        ((4,), (4,), "full", {"weight": "kaiming_norml"}, "unknown initial value 'kaiming_norml': did you mean 'kaiming_normal'"),
        ((4,), (4,), "one_to_one", {"weight": "xavier_normal"}, r"connection 'w': weight of shape \(4,\) \(pairs\): xavier_normal"),
        ((4,), (4,), "spars", {}, "unknown link type 'spars': did you mean 'sparse'"),
    ],
)
def test_links_that_do_not_fit_are_named(pre, post, link, settings, sentence):
    with pytest.raises(ValueError, match=sentence):
        linked(pre, post, link, **settings)
