"""Analysis of spikes beside processes whose numbers are known, loops over plain numbers, and scipy."""

import itertools

import jax
import numpy as np
import pytest
from scipy import signal

import spaic_jax as sj
from spaic_jax import analysis
from spaic_jax.analysis import Spikes

NUM, STOP = 60, 20_000.0


def renewal(draw, num=NUM, stop=STOP):
    """Trains whose intervals are drawn, until `stop` ms; in the middle of steps of 0.1 ms, so that no spike is on an edge."""
    trains = [np.floor(np.cumsum(draw(4 * int(stop / 20.0))) * 10) / 10 + 0.05 for _ in range(num)]
    trains = [t[t < stop] for t in trains]
    return Spikes(np.concatenate(trains), np.repeat(np.arange(num), [len(t) for t in trains]), num, 0.0, stop)


@pytest.fixture(scope="module")
def poisson():
    rng = np.random.default_rng(0)
    return renewal(lambda n: rng.exponential(20.0, n))


@pytest.fixture(scope="module")
def gamma():
    rng = np.random.default_rng(1)
    return renewal(lambda n: rng.gamma(4.0, 5.0, n))


@pytest.fixture(scope="module")
def clocks():
    """Each neuron fires every 20 ms, at a phase of its own."""
    rng = np.random.default_rng(2)
    trains = [phase + np.arange(0.0, STOP - 20.0, 20.0) for phase in rng.uniform(0.1, 20.0, NUM)]
    return Spikes(np.concatenate(trains), np.repeat(np.arange(NUM), [len(t) for t in trains]), NUM, 0.0, STOP)


def test_processes_are_as_irregular_as_they_are(poisson, gamma, clocks):
    for spikes, shape in ((poisson, 1), (gamma, 4)):
        n = len(spikes)
        assert abs(analysis.rates(spikes).mean() - 50.0) < 4.5 * 50.0 / np.sqrt(n * shape)
        assert analysis.cv(spikes) == pytest.approx(shape**-0.5, abs=0.01)
        # 3 / (2 k + 1) for a gamma process of order k.
        assert analysis.local_variation(spikes) == pytest.approx(3 / (2 * shape + 1), abs=0.02)
    assert analysis.cv2(poisson) == pytest.approx(1.0, abs=0.02)
    assert analysis.fano_factor(poisson, 100.0) == pytest.approx(1.0, abs=0.05)
    assert analysis.fano_factor(gamma, 2000.0) == pytest.approx(0.25, abs=0.08)
    for measure in (analysis.cv, analysis.cv2, analysis.local_variation, lambda s: analysis.fano_factor(s, 20.0)):
        assert measure(clocks) == pytest.approx(0.0, abs=2e-3)


def test_measures_are_those_of_a_loop(gamma):
    spikes = gamma.between(100.0, 400.0)
    per_neuron = {name: analysis.irregularity(spikes, name, least=3) for name in ("cv", "cv2", "lv")}
    fano = analysis.fano_factors(spikes, 70.0)
    for neuron, train in enumerate(spikes.trains()):
        lengths = np.diff(train)
        pairs = list(itertools.pairwise(lengths))
        expected = {
            "cv": lengths.std() / lengths.mean(),
            "cv2": np.mean([2 * abs(a - b) / (a + b) for a, b in pairs]),
            "lv": 3 * np.mean([((a - b) / (a + b)) ** 2 for a, b in pairs]),
        }
        for name, value in expected.items():
            np.testing.assert_allclose(per_neuron[name][neuron], value if len(lengths) >= 3 else np.nan, rtol=1e-9)
        counts = [sum(100 + 70 * w < t <= 170 + 70 * w for t in train) for w in range(4)]
        np.testing.assert_allclose(fano[neuron], np.var(counts) / np.mean(counts), rtol=1e-9)
    lengths, neurons = analysis.intervals(spikes)
    np.testing.assert_array_equal(lengths, np.concatenate([np.diff(t) for t in spikes.trains()]))
    np.testing.assert_array_equal(neurons, np.repeat(np.arange(NUM), [len(t) - 1 for t in spikes.trains()]))


def test_the_population_rate_is_counted_and_smoothed(poisson):
    times, rate = analysis.population_rate(poisson, 7.0)
    assert len(times) == int(STOP // 7.0) and times[1] == 10.5
    expected = np.histogram(poisson.times, np.arange(len(times) + 1) * 7.0)[0] / NUM / 0.007
    np.testing.assert_allclose(rate, expected)
    _, smooth = analysis.population_rate(poisson, 7.0, sigma=20.0)
    k = np.arange(len(rate))
    for i in (0, 5, 1000, len(rate) - 1):
        w = np.exp(-0.5 * ((k - i) * 7.0 / 20.0) ** 2) * (abs(k - i) <= np.ceil(80 / 7))
        assert smooth[i] == pytest.approx((w * rate).sum() / w.sum())
    wide = analysis.population_rate(poisson, 7.0, sigma=1e6)[1]
    np.testing.assert_allclose(wide, rate.mean(), rtol=1e-3)


@pytest.mark.parametrize("dt", [0.1, 0.3])
def test_spikes_of_steps_are_counted_in_the_right_bins(dt):
    """Every step's spike, in bins of ten steps; from float64 and float32 times, early and late."""
    for first, dtype in ((0, float), (0, np.float32), (9_000_000, float)):
        times = ((first + np.arange(1, 1001)) * dt).astype(dtype)
        start = first * dt
        spikes = Spikes(times, np.zeros(1000, int), 1, start, start + 1000 * dt)
        rate = analysis.population_rate(spikes, 10 * dt)[1]
        np.testing.assert_allclose(rate, np.full(100, 1000 / dt), rtol=1e-9)
        halves = [spikes.between(start, start + 500 * dt), spikes.between(start + 500 * dt, spikes.stop)]
        assert [len(half) for half in halves] == [500, 500]
        np.testing.assert_array_equal((halves[0] + halves[1]).times, spikes.times)


def test_synchrony_of_potentials_and_of_counts(poisson):
    rng = np.random.default_rng(3)
    x = rng.normal(size=(5000, 100))
    assert analysis.synchrony(x) == pytest.approx(0.1, abs=0.01)
    common = x[:, :1] + 0.5 * x
    assert analysis.synchrony(common) == pytest.approx(np.sqrt(common.mean(1).var() / common.var(0).mean()))
    assert analysis.count_synchrony(poisson, 10.0) == pytest.approx(NUM**-0.5, rel=0.1)
    spikes = poisson.between(0.0, 500.0)
    counts = np.array([np.histogram(t, np.arange(51) * 10.0)[0] for t in spikes.trains()], float).T
    assert analysis.count_synchrony(spikes, 10.0) == pytest.approx(analysis.synchrony(counts))
    assert np.isnan(analysis.synchrony(np.ones((5, 3))))


def test_correlations_are_those_of_numpy(poisson, monkeypatch):
    rng = np.random.default_rng(4)
    shared = np.floor(rng.uniform(0, 10 * STOP, 500)) / 10 + 0.05
    times = np.concatenate([poisson.times, shared, shared])
    neurons = np.concatenate([poisson.neurons, np.full(500, 3), np.full(500, 7)])
    spikes = Spikes(times, neurons, NUM + 1, 0.0, STOP)  # the last neuron is silent
    counts = np.array([np.histogram(t, np.arange(1001) * 20.0)[0] for t in spikes.trains()[:NUM]], float)
    exact = np.corrcoef(counts)
    monkeypatch.setattr("spaic_jax.analysis.correlation._AT_ONCE", 100)
    every = analysis.correlations(spikes, 20.0, pairs=None)
    np.testing.assert_allclose(every, [exact[i, j] for j in range(NUM) for i in range(j)], atol=1e-9)
    some = analysis.correlations(spikes, 20.0, pairs=300, seed=5)
    assert len(np.unique(some.round(12))) == 300 and set(some.round(9)) <= set(every.round(9))
    np.testing.assert_array_equal(some, analysis.correlations(spikes, 20.0, pairs=300, seed=5))
    assert abs(analysis.correlations(poisson, 20.0).mean()) < 0.005 and exact[3, 7] > 0.2


def test_pairs_are_numbered_each_once():
    from spaic_jax.analysis.correlation import _pairs

    i, j = _pairs(np.arange(300 * 299 // 2))
    assert (i >= 0).all() and (i < j).all() and j.max() == 299 and len(np.unique(i * 300 + j)) == len(i)
    last = 100_000 * 99_999 // 2
    assert [int(x[0]) for x in _pairs(np.array([last - 1]))] == [99_998, 99_999]


@pytest.mark.parametrize("at_once", [3, 10**6])
def test_correlograms_count_all_pairs(poisson, monkeypatch, at_once):
    monkeypatch.setattr("spaic_jax.analysis.correlogram._AT_ONCE", at_once)
    spikes = poisson.between(0.0, 300.0)
    one, other = spikes.select(slice(20)), spikes.select(slice(20, 60))
    lags, rate = analysis.cross_correlogram(one, other, 2.1, 9.0)
    np.testing.assert_array_equal(lags, np.arange(-4, 5) * 2.1)
    apart = (other.times[None] - one.times[:, None]).ravel()
    pairs = np.array([(abs(apart - lag) < 1.05).sum() for lag in lags])
    np.testing.assert_allclose(rate, pairs / len(one) / (1 - abs(lags) / 300.0) / 0.0021)
    _, own = analysis.autocorrelogram(spikes, 2.1, 9.0)
    trains = [np.subtract.outer(t, t)[~np.eye(len(t), dtype=bool)] for t in spikes.trains()]
    pairs = np.array([(abs(np.concatenate(trains) - lag) < 1.05).sum() for lag in lags])
    np.testing.assert_allclose(own, pairs / len(spikes) / (1 - abs(lags) / 300.0) / 0.0021)


def test_correlograms_of_processes(poisson, clocks):
    one, other = poisson.select(slice(30)), poisson.select(slice(30, 60))
    _, rate = analysis.cross_correlogram(one, other, 10.0, 1000.0)
    summed = analysis.rates(other).sum()
    assert abs(rate.mean() / summed - 1) < 0.02 and abs(rate / summed - 1).max() < 0.05
    lags, rate = analysis.autocorrelogram(clocks, 5.0, 60.0)
    # A clock of 50 Hz: one spike in each of the bins that a multiple of the period is in.
    np.testing.assert_allclose(rate, np.where((lags % 20 == 0) & (lags != 0), 200.0, 0.0), rtol=0.01)


def test_the_spectrum_is_welchs_and_finds_the_rhythm():
    rng = np.random.default_rng(6)
    times = np.arange(0.0, 10_000.0)
    chance = 0.02 * (1 + 0.8 * np.sin(2 * np.pi * 0.037 * times))
    spikes = Spikes.from_raster(rng.random((len(times), 100)) < chance[:, None], dt=1.0)
    for segment in (500.0, 333.0):
        frequencies, power = analysis.spectrum(spikes, segment=segment)
        rate = analysis.population_rate(spikes, 1.0)[1]
        expected = signal.welch(rate, 1000.0, "hann", int(segment))
        np.testing.assert_allclose(frequencies, expected[0])
        np.testing.assert_allclose(power, expected[1], rtol=1e-9, atol=1e-9)
        assert abs(frequencies[power.argmax()] - 37.0) <= 1000 / segment


def test_without_spikes_there_is_no_number_or_zero():
    none = Spikes([], [], 4, 0.0, 1000.0)
    assert len(none) == 0 and not analysis.rates(none).any() and not analysis.population_rate(none, 5.0, 10.0)[1].any()
    for measure in (analysis.cv, analysis.cv2, analysis.local_variation):
        assert np.isnan(measure(none))
    assert np.isnan(analysis.fano_factor(none, 10.0)) and np.isnan(analysis.count_synchrony(none, 10.0))
    assert analysis.correlations(none, 10.0).shape == (0,) and not analysis.spectrum(none)[1].any()
    assert np.isnan(analysis.autocorrelogram(none, 1.0, 5.0)[1]).all()
    assert [t.tolist() for t in none.trains()] == [[], [], [], []] and analysis.intervals(none)[0].shape == (0,)


def test_spikes_are_sorted_chosen_cut_and_joined():
    rng = np.random.default_rng(7)
    times, neurons = rng.integers(0, 100, 300) * 1.0, rng.integers(0, 9, 300)
    spikes = Spikes(times, neurons, 9, -1.0, 100.0)
    assert list(zip(spikes.times, spikes.neurons, strict=True)) == sorted(zip(times, neurons, strict=True))
    np.testing.assert_array_equal(spikes.counts(), [(neurons == n).sum() for n in range(9)])
    for n, train in enumerate(spikes.trains()):
        np.testing.assert_array_equal(train, np.sort(times[neurons == n]))
        np.testing.assert_array_equal(spikes.select(n).times, train)
    some = spikes.select([5, 2, 8])
    assert some.num == 3 and [t.tolist() for t in some.trains()] == [spikes.trains()[n].tolist() for n in (5, 2, 8)]
    np.testing.assert_array_equal(spikes.select(np.arange(9) < 4).times, spikes.select(slice(4)).times)
    np.testing.assert_array_equal(spikes.select(slice(None, None, -1)).select(slice(None, None, -1)).neurons, spikes.neurons)
    parts = [spikes.between(*ends) for ends in ((-1.0, 10.0), (10.0, 11.0), (11.0, 100.0))]
    joined = parts[0] + parts[1] + parts[2]
    np.testing.assert_array_equal(joined.times, spikes.times)
    np.testing.assert_array_equal(joined.neurons, spikes.neurons)
    assert (joined.start, joined.stop, joined.duration) == (-1.0, 100.0, 101.0)
    assert not spikes.times.flags.writeable and not times.base and times.flags.writeable


def test_spikes_of_a_run_are_its_raster(key):
    net = sj.Network()
    net.x = sj.Generator(5, "poisson_hz", rate=300.0)
    net.g = sj.NeuronGroup(5, model="if")
    net.w = sj.Connection(net.x, net.g, weight=np.eye(5))
    net.s = sj.SpikeMonitor(net.x)
    sim = sj.build(net, 0.5)
    parts, variables = [], sim.init(key)
    for _ in range(2):
        result = sim.run(variables, key=key, steps=200)
        variables = result.variables
        parts.append(Spikes.from_raster(result.probes["s"][:, 0], times=result.times["s"]))
        times, neurons = result.spike_times("s")
        np.testing.assert_allclose(np.concatenate(parts[-1].trains()), times, rtol=1e-6)
        np.testing.assert_array_equal(np.repeat(np.arange(5), parts[-1].counts()), neurons)
    both = parts[0] + parts[1]
    assert (both.start, both.stop) == (0.0, 200.0) and len(both) == sum(map(len, parts)) > 0
    raster = sim.run(sim.init(key), key=key, steps=400).probes["s"][:, 0]
    np.testing.assert_array_equal(Spikes.from_raster(raster, dt=0.5).times, both.times)
    assert jax.tree.leaves(both) == [both]


def test_neo_takes_and_gives_them():
    pq = pytest.importorskip("quantities")
    neo = pytest.importorskip("neo")
    spikes = Spikes([1.0, 2.0, 2.5], [2, 0, 2], 3, 0.0, 4.0)
    trains = spikes.to_neo()
    assert [t.magnitude.tolist() for t in trains] == [[2.0], [], [1.0, 2.5]] and trains[0].t_stop == 4.0 * pq.ms
    again = Spikes.from_neo(trains)
    assert (again.times.tolist(), again.neurons.tolist(), again.num, again.stop) == ([1.0, 2.0, 2.5], [2, 0, 2], 3, 4.0)
    seconds = neo.SpikeTrain([0.0015], units="s", t_stop=0.004)
    assert Spikes.from_neo([seconds]).times.tolist() == [1.5]
    with pytest.raises(ValueError, match="train 1 is from 0 to 5 ms, but train 0 from 0 to 4 ms"):
        Spikes.from_neo([trains[0], neo.SpikeTrain([], units="ms", t_stop=5.0)])
    with pytest.raises(ValueError, match="at least one train"):
        Spikes.from_neo([])


SPIKES = Spikes([1.0, 2.0], [0, 1], 3, 0.0, 10.0)


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        (lambda: Spikes([1.0], [0, 1], 2, 0.0, 5.0), "times of shape (1,) and neurons of shape (2,)"),
        (lambda: Spikes([1.0, 7.0], [0, 1], 2, 0.0, 5.0), "time 1 is 7 ms, but needs times from 0 to 5 ms"),
        (lambda: Spikes([np.nan], [0], 2, 0.0, 5.0), "time 0 is nan ms"),
        (lambda: Spikes([1.0], [2], 2, 0.0, 5.0), "neuron 0 is 2, but needs whole numbers from 0 to 1"),
        (lambda: Spikes([1.0], [-1], 2, 0.0, 5.0), "neuron 0 is -1"),
        (lambda: Spikes([1.0], [0.5], 2, 0.0, 5.0), "neurons must be whole numbers, not float64"),
        (lambda: Spikes(["1"], [0], 2, 0.0, 5.0), "times must be numbers"),
        (lambda: Spikes([], [], 0, 0.0, 5.0), "num must be a positive whole number"),
        (lambda: Spikes([], [], 1, 5.0, 5.0), "stop must be a finite number above 5"),
        (lambda: Spikes.from_raster(np.zeros((3, 1, 2)), dt=1.0), "needs [T, N]: one sample"),
        (lambda: Spikes.from_raster(np.zeros((3, 2))), "dt or times, one of them"),
        (lambda: Spikes.from_raster(np.zeros((3, 2)), dt=0.0), "dt must be a positive"),
        (lambda: Spikes.from_raster(np.zeros((3, 2)), times=[1.0, 1.0, 2.0]), "needs rising ones, one for each of 3 rows"),
        (lambda: Spikes.from_raster(np.zeros((1, 2)), times=[1.0]), "one time needs start"),
        (lambda: SPIKES.select([0, 3]), "Spikes of 3 neurons: no such neurons"),
        (lambda: SPIKES.select([0, 0]), "each once"),
        (lambda: SPIKES.select(slice(0)), "at least one neuron"),
        (lambda: SPIKES.between(5.0, 11.0), "stop must be a finite number above 5 and of at most 10"),
        (lambda: SPIKES + SPIKES, "cannot be joined"),
        (lambda: SPIKES + Spikes([], [], 2, 10.0, 11.0), "cannot be joined"),
        (lambda: analysis.population_rate(SPIKES, 11.0), "population_rate: bin is 11 ms, but the recording only 10 ms"),
        (lambda: analysis.population_rate(SPIKES, -1.0), "population_rate: bin must be a positive"),
        (lambda: analysis.population_rate(SPIKES, 1.0, 0.0), "sigma must be a positive"),
        (lambda: analysis.irregularity(SPIKES, "cvv"), "unknown measure of irregularity 'cvv': did you mean 'cv'"),
        (lambda: analysis.cv(SPIKES, least=1), "least must be a whole number of at least 2"),
        (lambda: analysis.fano_factor(SPIKES, 20.0), "fano_factor: window is 20 ms"),
        (lambda: analysis.synchrony(np.ones(3)), "needs [T, N]"),
        (lambda: analysis.correlations(SPIKES, 1.0, pairs=0), "pairs must be a positive whole number"),
        (lambda: analysis.cross_correlogram(SPIKES, SPIKES.between(0.0, 5.0), 1.0, 2.0), "recordings of the same time"),
        (lambda: analysis.autocorrelogram(SPIKES, 1.0, 10.0), "longest must be a positive, finite number below 10"),
        (lambda: analysis.spectrum(SPIKES), "segment is 500 ms, but needs from four bins of 1 ms to the 10 ms recorded"),
    ],
)
def test_what_cannot_be_analysed_is_refused(wrong, sentence):
    with pytest.raises(ValueError) as error:
        wrong()
    assert sentence in str(error.value)
