"""EventProp: against closed forms, and against finite differences of an event-driven simulation."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from event_driven import simulate

import spaic_jax as sj
from spaic_jax.neurons import LIF, CubaLIF
from spaic_jax.surrogate import EventProp

END = 30.0


def double(net, dt, plan=None, **build):
    """The simulator in float64, and its variables."""
    program = sj.build(net, dt=dt, **build).program.astype("float64")
    sim = sj.build(program, plan=plan)
    return sim, sim.init(jax.random.key(0), 1).astype(program)


# One neuron


@pytest.mark.parametrize("pulses", [(1.0,), (1.0, 3.5)])
def test_one_neuron_is_the_closed_form(pulses):
    """With tau_m = 2 tau_s the time is that of the root of a quadratic equation (Goeltz et al. 2021)."""
    # The first of two is too weak alone.
    tau_s, weights = 5.0, np.array([6.3] if len(pulses) == 1 else [3.6, 1.6])

    def first(w):
        early = (w * np.exp(np.array(pulses) / (2 * tau_s))).sum()
        late = (w * np.exp(np.array(pulses) / tau_s)).sum()
        return -2 * tau_s * np.log((early + np.sqrt(early**2 - 4 * late)) / (2 * late))

    slopes = [first(weights + 1e-30j * unit).imag / 1e-30 for unit in np.eye(len(pulses))]
    net = sj.Network()
    net.x = sj.Encoder(num=len(pulses), coding_method="sstb")
    net.neuron = sj.NeuronGroup(1, model="cubalif", tau_m=2 * tau_s, tau_s=tau_s, surrogate="eventprop")
    net.synapse = sj.Connection(net.x, net.neuron, weight=weights[None])
    net.time = sj.Decoder(dec_target=net.neuron, coding_method="first_spike_time")
    errors = []
    with jax.enable_x64(True):
        for dt in (0.05, 0.005, 0.001):
            sim, variables = double(net, dt)

            def time_of(params, sim=sim, variables=variables):
                run = sim.run(variables.with_params(params), {"x": np.array([pulses])}, steps=sim.steps(15.0))
                return run.outputs["time"].sum()

            value, slope = jax.jit(jax.value_and_grad(time_of))(variables.params)
            assert abs(value - first(weights)) < 2 * dt
            errors.append(np.abs(slope["synapse.weight"][0] / np.array(slopes) - 1).max())
    assert errors[2] < 2e-3 and errors[2] < errors[1] / 3 and errors[1] < errors[0] / 4


# Networks


def two_layers(rng):
    """Four neurons that two others hear: the weights of all six as one matrix."""
    w_in, w_rec = np.zeros((6, 5)), np.zeros((6, 6))
    w_in[:4], w_rec[4:, :4] = rng.normal(3.0, 2.0, (4, 5)), rng.normal(3.0, 1.5, (2, 4))
    return w_in, w_rec


def in_a_loop(rng):
    return rng.normal(3.0, 2.0, (5, 5)), rng.normal(0.0, 1.0, (5, 5))


def declared(w_in, w_rec, layered, delay, **model):
    """The network of some weights; spikes and potentials of all its neurons are `spikes` and `potentials`."""
    chosen = {"delay": delay} if delay else {}
    trained = ["tau_m", "tau_s", "v_th"]
    net = sj.Network()
    net.x = sj.Encoder(num=w_in.shape[1], coding_method="sstb")
    split = 4 if layered else len(w_in)
    net.a = sj.NeuronGroup(split, model="cubalif", parameter_variables=trained, **model)
    net.xa = sj.Connection(net.x, net.a, weight=w_in[:split])
    net.b = sj.NeuronGroup(len(w_in) - split, model="cubalif", parameter_variables=trained, **model) if layered else net.a
    net.ab = sj.Connection(net.a, net.b, weight=w_rec[split:, :split] if layered else w_rec, **chosen)
    for group, name in ((net.a, "a"), *([(net.b, "b")] if layered else [])):
        setattr(net, f"{name}_spikes", sj.StateMonitor(group, "O"))
        setattr(net, f"{name}_potential", sj.StateMonitor(group, "V"))
        setattr(net, f"{name}_first", sj.Decoder(dec_target=group, coding_method="first_spike_time"))
    return net


def weigh(first, late, integral, c):
    """Three losses: of the first times, of the times of all spikes, of the potentials."""
    return (c * first).sum(), late, (c * integral).sum()


def exactly(numbers, pulses, c, t_ref, delay):
    """The losses, summed over samples, and the number of spikes."""
    losses, count = np.zeros(3), 0
    for sample in pulses:
        spikes, integral = simulate(sample, *numbers, t_ref=t_ref, delay=delay, end=END)
        first = np.full(len(c), END)
        for time, neuron in reversed(spikes):
            first[neuron] = time
        losses += weigh(first, sum(c[k] * np.sin(time / 7) for time, k in spikes), integral, c)
        count += len(spikes)
    return losses, count


def by_differences(numbers, *arguments, step=1e-6):
    """The derivative of the three losses by every number, one array `[3, *shape]` for each array of them."""
    slopes = []
    for place, array in enumerate(numbers):
        slope = np.zeros((3, *np.shape(array)))
        for index in np.ndindex(*np.shape(array)):
            if np.ndim(array) and not array[index]:
                continue  # no synapse there

            def moved(by, place=place, array=array, index=index):
                other = np.array(array, float)
                other[index] += by
                return exactly((*numbers[:place], other, *numbers[place + 1 :]), *arguments)

            (up, more), (down, less) = moved(step), moved(-step)
            assert more == less, "a spike came or went: choose another network"
            slope[:, *index] = (up - down) / (2 * step)
        slopes.append(slope)
    return slopes


def on_the_grid(numbers, pulses, c, t_ref, delay, dt, layered, **model):
    """The same derivatives by EventProp on a grid."""
    w_in, w_rec, tau_m, tau_s, v_th = numbers
    net = declared(w_in, w_rec, layered, delay, t_ref=t_ref, tau_m=tau_m, tau_s=tau_s, v_th=v_th, surrogate="eventprop", **model)
    sim, variables = double(net, dt)
    variables = sim.restart(variables, batch_size=len(pulses))
    groups = ("a", "b") if layered else ("a",)

    def losses(params):
        result = sim.run(variables.with_params(params), {"x": pulses}, steps=sim.steps(END))
        spikes, potential = (
            jnp.concatenate([result.probes[f"{name}_{what}"] for name in groups], -1) for what in ("spikes", "potential")
        )
        first = jnp.concatenate([result.outputs[f"{name}_first"] for name in groups], -1)
        time = dt * jnp.arange(1, len(spikes) + 1, dtype=spikes.dtype)
        late = jnp.einsum("t,tbn,n->", jnp.sin(time / 7), spikes, c)
        return jnp.stack(weigh(first.sum(0), late, potential.sum((0, 1)) * dt, c))

    slopes = {name: np.asarray(slope) for name, slope in jax.jit(jax.jacrev(losses))(variables.params).items()}
    found = [slopes["xa.weight"], slopes["ab.weight"]]
    return [*found, *(sum(slopes[f"{name}.{number}"] for name in groups) for number in ("tau_m", "tau_s", "v_th"))]


NETWORKS = {
    "layers": (two_layers, 0.0, 0.0, {}),
    "layers, soft, refractory, one step late": (two_layers, 2.0, 0.0, {"reset": "soft", "order": "voltage_first"}),
    "loop": (in_a_loop, 0.0, 0.0, {}),
    "loop, refractory, delayed": (in_a_loop, 1.0, 1.5, {}),
}


def errors_of(name, seed, *steps):
    """For each length of a step the largest relative error of each loss, over weights, time constants and threshold."""
    make, t_ref, delay, model = NETWORKS[name]
    rng = np.random.default_rng(seed)
    w_in, w_rec = make(rng)
    pulses, c = rng.uniform(0.0, 15.0, (2, 5)), rng.normal(size=len(w_in))
    numbers, layered = (w_in, w_rec, 20.0, 5.0, 1.0), make is two_layers
    assert exactly(numbers, pulses, c, t_ref, delay)[1] > 2 * len(w_in)
    exact = by_differences(numbers, pulses, c, t_ref, delay)
    if layered:
        exact[0], exact[1] = exact[0][:, :4], exact[1][:, 4:, :4]
    with jax.enable_x64(True):
        for dt in steps:
            found = on_the_grid(numbers, pulses, c, t_ref, delay, dt, layered, **model)
            # By weights, by time constants and the threshold.
            yield np.array([
                [np.abs(mine[loss] - theirs[loss]).max() / np.abs(theirs[loss]).max() for loss in range(3)]
                for mine, theirs in zip(found, exact, strict=True)
            ]).max(0)  # fmt: skip


@pytest.mark.parametrize(("name", "seed"), [("loop, refractory, delayed", 1)])
def test_gradients_are_those_of_events(name, seed):
    (errors,) = errors_of(name, seed, 0.02)
    assert errors[0] < 0.02 and (errors < 0.3).all()


@pytest.mark.slow
@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("seed", [1, 2])
def test_gradients_become_those_of_events(name, seed):
    """The error falls with the length of a step; where terms of a loss cancel it is large as a part of what is left."""
    coarse, fine = errors_of(name, seed, 0.02, 0.001)
    assert fine[0] < 2e-3 and (fine < coarse / 4).all()


# As a part of a network


def looped(surrogate, first=None, **model):
    """Neurons that excite and inhibit each other with a delay, two groups; `first` is of the first one only."""
    rng = np.random.default_rng(5)
    net = sj.Network()
    net.x = sj.Encoder(num=6, coding_method="sstb")
    net.a = sj.NeuronGroup(5, model="cubalif", surrogate=surrogate, **(model | (first or {})))
    net.b = sj.NeuronGroup(3, model="cubalif", surrogate=surrogate, **model)
    net.xa = sj.Connection(net.x, net.a, weight=rng.normal(4.0, 2.0, (5, 6)))
    net.ab = sj.Connection(net.a, net.b, weight=rng.normal(4.0, 2.0, (3, 5)))
    net.ba = sj.Connection(net.b, net.a, weight=rng.normal(0.0, 2.0, (5, 3)), delay=2.0)
    net.time = sj.Decoder(dec_target=net.b, coding_method="first_spike_time")
    net.spikes, net.potential = sj.StateMonitor(net.b, "O"), sj.StateMonitor(net.a, "V")
    return net


PULSES = np.random.default_rng(6).uniform(0.0, 15.0, (4, 6)).astype(np.float32)
STEPS = 40


def loss_of(outputs, probes):
    rows = jnp.arange(len(probes["spikes"]), dtype=jnp.float32)
    return outputs["time"].sum() + jnp.einsum("t,tbn->", jnp.sin(rows), probes["spikes"]) + (probes["potential"] ** 2).mean()


def value_and_slopes(sim, pulses=PULSES):
    variables = sim.init(jax.random.key(0), len(pulses))

    def loss(params):
        result = sim.run(variables.with_params(params), {"x": pulses}, steps=STEPS)
        return loss_of(result.outputs, result.probes), result

    (_, result), slopes = jax.jit(jax.value_and_grad(loss, has_aux=True))(variables.params)
    return result, slopes


def close(mine, theirs, rtol=1e-4):
    for name, slope in theirs.items():
        np.testing.assert_allclose(mine[name], slope, rtol=rtol, atol=rtol * np.abs(slope).max(), err_msg=name)


@pytest.mark.parametrize("model", [{"reset": "soft"}, {"first": {"t_ref": np.array([0.0, 0.5, 1.0, 1.5, 0.0])}}])
def test_what_is_simulated_is_what_every_surrogate_simulates(model):
    net, other = (looped(surrogate, **model) for surrogate in ("eventprop", "atan"))
    result, slopes = value_and_slopes(sj.build(net, dt=0.5, plan=sj.Reference()))
    expected, _ = value_and_slopes(sj.build(other, dt=0.5, plan=sj.Reference()))
    spikes = np.asarray(expected.probes["spikes"])
    assert spikes.sum() > 10
    first = np.where(spikes.any(0), 0.5 * (spikes.argmax(0) + 1), 0.5 * STEPS)
    np.testing.assert_allclose(result.outputs["time"], first)
    for name, value in (expected.probes | expected.outputs).items():
        np.testing.assert_array_equal({**result.probes, **result.outputs}[name], value)
    assert not result.variables["a.shift"].any()
    assert all(np.abs(slope).max() > 0 for slope in slopes.values())


@pytest.mark.slow
def test_plans_batches_and_both_modes_of_differentiation_agree(key):
    net = looped("eventprop", t_ref=1.0)
    sim = sj.build(net, dt=0.5, plan=sj.Reference())
    _, slopes = value_and_slopes(sim)
    for plan in (sj.Tiled(), sj.Tiled(7, remat="step")):
        close(value_and_slopes(sj.build(net, dt=0.5, plan=plan))[1], slopes)
    variables = sim.init(key, 4)
    towards = {name: jax.random.normal(key, slope.shape) for name, slope in slopes.items()}

    def loss(params, pulses=PULSES, variables=variables):
        result = sim.run(variables.with_params(params), {"x": pulses}, steps=STEPS)
        # The mean of potentials is one over samples, too.
        return loss_of(result.outputs, {**result.probes, "potential": jnp.zeros(1)})

    one = sim.init(key, 1)
    whole = jax.jit(jax.grad(loss))(variables.params)
    alone = [jax.grad(loss)(variables.params, PULSES[i : i + 1], one) for i in range(4)]
    close({name: sum(slopes[name] for slopes in alone) for name in whole}, whole)
    forwards = jax.jvp(loss, (variables.params,), (towards,))[1]
    np.testing.assert_allclose(forwards, sum((whole[name] * towards[name]).sum() for name in whole), rtol=1e-3)


def test_a_run_in_pieces_has_the_gradient_of_the_whole(key):
    """Wherever it is cut: right after a spike, too, and in a refractory period."""
    sim = sj.build(looped("eventprop", first={"t_ref": 2.0}), dt=0.5)
    first = sim.init(key, 4)
    scale = jnp.sin(jnp.arange(STEPS, dtype=jnp.float32))

    def loss(params, cuts):
        variables, total = first.with_params(params), 0.0
        for begin, end in zip((0, *cuts), (*cuts, STEPS), strict=True):
            result = sim.run(variables, {"x": PULSES}, steps=end - begin, presentation=STEPS)
            variables = result.variables
            total += jnp.einsum("t,tbn->", scale[begin:end], result.probes["spikes"])
        return total

    slope = jax.jit(jax.grad(loss), static_argnums=1)
    close(slope(first.params, (11, 12, 20)), slope(first.params, ()))


def one_neuron(weight, surrogate, dt=0.1, **model):
    net = sj.Network()
    net.x = sj.Encoder(num=1, coding_method="sstb")
    net.neuron = sj.NeuronGroup(1, model="cubalif", surrogate=surrogate, **model)
    net.synapse = sj.Connection(net.x, net.neuron, weight=[[weight]])
    net.time = sj.Decoder(dec_target=net.neuron, coding_method="first_spike_time")
    net.counts = sj.Decoder(dec_target=net.neuron)
    return sj.build(net, dt=dt)


def slope_of(sim, what="time"):
    variables = sim.init(jax.random.key(0))

    def loss(params):
        return sim.run(variables.with_params(params), {"x": [[0.0]]}, steps=200).outputs[what].sum()

    value, slope = jax.jit(jax.value_and_grad(loss))(variables.params)
    return float(value), slope["synapse.weight"].item()


def test_a_silent_neuron_has_no_gradient_and_a_tangent_a_bounded_one():
    # One pulse raises the potential to 0.157 times its weight, after 9.2 ms.
    assert slope_of(one_neuron(6.0, "eventprop")) == (pytest.approx(20.0), 0.0)
    assert slope_of(one_neuron(10.0, "eventprop"), "counts")[1] == pytest.approx(0.0, abs=1e-5)
    peak = max(np.exp(-t / 20) / 3 - np.exp(-t / 5) / 3 for t in np.arange(0.1, 20.0, 0.1))
    slopes = [slope_of(one_neuron(1.000002 / peak, EventProp(least_slope=least)))[1] for least in (0.1, 0.05)]
    # The derivative of the potential by the weight is its peak, the least slope a part of v_th / tau_m.
    np.testing.assert_allclose(slopes, [-peak * 20 / 0.1, -peak * 20 / 0.05], rtol=0.02)


def test_a_detached_reset_passes_nothing_on():
    """Of two spikes the second one then follows from the first one's time no more."""
    weights = 40.0
    with_reset, without = (one_neuron(weights, "eventprop", detach_reset=detached) for detached in (False, True))

    def slope(sim):
        variables = sim.init(jax.random.key(0))

        def last(params):
            return sim.run(variables.with_params(params), {"x": [[0.0]]}, steps=200).variables["neuron.V"].sum()

        return jax.grad(last)(variables.params)["synapse.weight"].item()

    assert slope_of(with_reset)[1] == slope_of(without)[1] != 0
    assert abs(slope(with_reset) - slope(without)) > 1e-3


def test_half_precision_keeps_the_shift_wide():
    sim = one_neuron(10.0, "eventprop")
    half = sj.build(sim.program.astype("bfloat16"))
    assert half.program.by_name["neuron.shift"].dtype == "float32"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: LIF(surrogate="eventprop"), "LIF got the surrogate EventProp, but that needs a neuron whose spike times"),
        (lambda: CubaLIF(surrogate="eventprop", reset="none"), "CubaLIF: the surrogate EventProp needs a reset"),
        (lambda: EventProp(least_slope=0.0), "EventProp: least_slope"),
        (lambda: EventProp(least_slope=True), "EventProp: least_slope"),
    ],
)
def test_bad_choices(make, message):
    with pytest.raises(ValueError, match=message):
        make()


# Training


def yin_yang(count, seed):
    """Kriener et al. (2021): points of a disc, in its dark half, its light half, or one of its two eyes; and a bias."""
    rng = np.random.default_rng(seed)
    points, labels = np.empty((0, 2)), np.empty(0, int)
    while len(points) < 3 * count:
        new = rng.uniform(0.0, 1.0, (20 * count, 2))
        x, y = new[np.hypot(*(new - 0.5).T) <= 0.5].T
        right, left = np.hypot(x - 0.75, y - 0.5), np.hypot(x - 0.25, y - 0.5)
        dark = (right <= 0.1) | ((left > 0.1) & (left <= 0.25)) | ((y > 0.5) & (right > 0.25))
        label = np.where((right < 0.1) | (left < 0.1), 2, dark)
        kept = np.concatenate([np.flatnonzero(label == k)[:count] for k in range(3)])
        points, labels = np.stack([x, y], 1)[kept], label[kept]
    times = 30.0 * np.concatenate([points, 1 - points, np.zeros((3 * count, 1))], 1)
    return sj.data.Dataset({"points": times.astype(np.float32)}, labels.astype(int))


@pytest.mark.slow
def test_yin_yang_is_learned_by_first_spike_times(key):
    net = sj.Network()
    net.points = sj.Encoder(num=5, coding_method="sstb")
    net.hidden = sj.NeuronGroup(120, model="cubalif", tau_m=20.0, tau_s=5.0, surrogate="eventprop")
    net.out = sj.NeuronGroup(3, model="cubalif", tau_m=20.0, tau_s=5.0, surrogate="eventprop")
    net.inwards = sj.Connection(net.points, net.hidden, w_mean=1.5, w_std=0.78)
    net.outwards = sj.Connection(net.hidden, net.out, w_mean=0.93, w_std=0.1)
    net.first = sj.Decoder(dec_target=net.out, coding_method="first_spike_time", scale=-1.0)
    sim, epochs = sj.build(net, dt=0.25), 30
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.adam(optax.cosine_decay_schedule(5e-3, epochs * 40)))
    result = sj.train.fit(
        sim, "latency_cross_entropy", optimizer, yin_yang(667, 0), epochs=epochs, batch_size=50, key=key, steps=sim.steps(45.0),
        test=yin_yang(300, 1), progress=False,
    )
    assert result.history[-1]["test_accuracy"] > 0.93
