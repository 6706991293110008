"""What Brian2 gives for single neurons, synapses and a small network; `python tests/brian2_reference.py` writes the file anew.

Brian2 is the reference only: the tests read `tests/data/brian2.npz`, and need no Brian2. Written with Brian2 2.9 and its
NumPy target.
"""

import pathlib

import numpy as np

FILE = pathlib.Path(__file__).parent / "data" / "brian2.npz"
DURATION = 200.0  # ms
FINE = 0.005  # ms, the step of the references of differential equations
#: Equations, threshold, reset, first values and drive of neurons; time in ms, everything without units.
NEURONS = {
    "qif": (
        "dv/dt = (0.05 * (v + 65) * (v + 50) + I) / (10 * ms) : 1", "v > 0", "v = -65", {"v": -65.0}, 8.0,
    ),
    "eif": (
        "dv/dt = (-(v + 65) + 3.5 * exp((v + 50) / 3.5) + I) / (10 * ms) : 1", "v > 0", "v = -65", {"v": -65.0}, 14.0,
    ),
    "aeif": (
        """dv/dt = (-30 * (v + 70.6) + 30 * 2 * exp((v + 50.4) / 2) - u + I) / (281 * ms) : 1
        du/dt = (4 * (v + 70.6) - u) / (144 * ms) : 1""",
        "v > -40.4", "v = -70.6; u += 80.5", {"v": -70.6, "u": 0.0}, 800.0,
    ),
    "izh": (
        """dv/dt = (0.04 * v**2 + 5 * v + 140 - u + I) / ms : 1
        du/dt = 0.02 * (0.2 * v - u) / ms : 1""",
        "v > 30", "v = -65; u += 8", {"v": -65.0, "u": 1.0}, 10.0,
    ),
    "hh": (
        """dv/dt = (I - 120 * m**3 * h * (v - 120) - 36 * n**4 * (v + 12) - 0.3 * (v - 10.6)) / ms : 1
        dm/dt = (0.1 * 10 / exprel((25 - v) / 10) * (1 - m) - 4 * exp(-v / 18) * m) / ms : 1
        dn/dt = (0.01 * 10 / exprel((10 - v) / 10) * (1 - n) - 0.125 * exp(-v / 80) * n) / ms : 1
        dh/dt = (0.07 * exp(-v / 20) * (1 - h) - h / (exp((30 - v) / 10) + 1)) / ms : 1""",
        "v > 50", "", {"v": 0.0, "m": 0.05, "n": 0.32, "h": 0.6}, 10.0,
    ),
    "fitzhugh": (
        """dv/dt = (v - v**3 / 3 - u + I) / ms : 1
        du/dt = 0.08 * (v + 0.7 - 0.8 * u) / ms : 1""",
        "", "", {"v": -1.2, "u": -0.6}, 0.5,
    ),
}
#: Spike times of what drives the synapses, ms, and the weights of excitation and inhibition.
EXCITATION, INHIBITION = np.arange(2.0, 200.0, 3.0), np.arange(50.0, 200.0, 11.0)


def neuron(brian, name):
    """The potential every ms and the spike times of one neuron under a constant current."""
    equations, threshold, reset, first, drive = NEURONS[name]
    brian.start_scope()
    brian.defaultclock.dt = FINE * brian.ms
    settings = {"threshold": threshold, "reset": reset} if threshold else {}
    if name == "hh":  # one spike for each action potential
        settings |= {"refractory": threshold}
    group = brian.NeuronGroup(1, equations + "\nI : 1", method="rk4", **settings)
    for variable, value in {**first, "I": drive}.items():
        setattr(group, variable, value)
    trace = brian.StateMonitor(group, "v", record=True, dt=1 * brian.ms, when="start")
    spikes = brian.SpikeMonitor(group) if threshold else None
    brian.run(DURATION * brian.ms)
    return {"v": np.asarray(trace.v[0]), "spikes": np.asarray(spikes.t / brian.ms) if spikes else np.zeros(0)}


def synapses(brian, name, dt):
    """A neuron driven by spikes through synapses: `cubalif` (exact) or `condlif`."""
    brian.start_scope()
    brian.defaultclock.dt = dt * brian.ms
    if name == "cubalif":
        equations = "dv/dt = (-v + c) / (20 * ms) : 1 (unless refractory)\ndc/dt = -c / (5 * ms) : 1"
        settings = {"threshold": "v > 1", "reset": "v = 0", "method": "exact"}
        jumps = {"c_post += 1.6": EXCITATION, "c_post -= 1.0": INHIBITION}
    else:
        equations = """dv/dt = (10 * (-60 - v) + ge * (0 - v) + gi * (-80 - v)) / (200 * ms) : 1 (unless refractory)
        dge/dt = -ge / (5 * ms) : 1
        dgi/dt = -gi / (10 * ms) : 1"""
        settings = {"threshold": "v > -50", "reset": "v = -60", "method": "rk4" if dt <= FINE else "exponential_euler"}
        jumps = {"ge_post += 6.0": EXCITATION, "gi_post += 20.0": INHIBITION}
    # Brian2 holds a neuron for one step less than its refractory period has.
    group = brian.NeuronGroup(1, equations, refractory=(4.0 + dt) * brian.ms, **settings)
    group.v = 0 if name == "cubalif" else -60
    keep = []
    for action, times in jumps.items():
        source = brian.SpikeGeneratorGroup(1, np.zeros(len(times), int), times * brian.ms)
        link = brian.Synapses(source, group, on_pre=action)
        link.connect()
        keep += [source, link]
    trace = brian.StateMonitor(group, "v", record=True, dt=1 * brian.ms, when="start")
    spikes = brian.SpikeMonitor(group)
    brian.Network(group, trace, spikes, *keep).run(DURATION * brian.ms)
    return {"v": np.asarray(trace.v[0]), "spikes": np.asarray(spikes.t / brian.ms)}


def weights():
    """Weights and drive of a recurrent network: 80 excitatory and 20 inhibitory neurons."""
    rng = np.random.default_rng(7)
    there = rng.random((100, 100)) < 0.2
    weight = np.where(there, rng.uniform(0.1, 0.5, (100, 100)), 0.0)
    weight[:, 80:] *= -5.0
    np.fill_diagonal(weight, 0.0)
    return weight.astype(np.float32), rng.uniform(0.9, 1.3, 100).astype(np.float32)


def recurrent(brian, delay):
    """Every spike of the network, with a delay in ms on top of the step that a loop takes."""
    weight, drive = weights()
    brian.start_scope()
    brian.defaultclock.dt = 0.1 * brian.ms
    group = brian.NeuronGroup(
        100, "dv/dt = (-v + c + d) / (20 * ms) : 1 (unless refractory)\ndc/dt = -c / (5 * ms) : 1\nd : 1",
        threshold="v > 1", reset="v = 0", refractory=2.1 * brian.ms, method="exact",
    )
    group.d = drive.astype(float)
    links = brian.Synapses(group, group, "w : 1", on_pre="c_post += w", delay=delay * brian.ms)
    post, pre = np.nonzero(weight)
    links.connect(i=pre, j=post)
    links.w = weight[post, pre].astype(float)
    spikes = brian.SpikeMonitor(group)
    brian.Network(group, links, spikes).run(DURATION * brian.ms)
    return {"times": np.asarray(spikes.t / brian.ms), "neurons": np.asarray(spikes.i)}


def references(brian):
    """All of them, by name."""
    brian.prefs.codegen.target = "numpy"
    found = {name: neuron(brian, name) for name in NEURONS}
    for name in ("cubalif", "condlif"):
        found[f"{name}/fine"] = synapses(brian, name, FINE)
        found[f"{name}/coarse"] = synapses(brian, name, 0.1)
    found |= {f"recurrent/{delay:g}": recurrent(brian, delay) for delay in (0.0, 1.5)}
    return {f"{name}/{part}": np.asarray(values) for name, parts in found.items() for part, values in parts.items()}


if __name__ == "__main__":
    import brian2

    np.savez_compressed(FILE, **references(brian2))
    print({name: values.shape for name, values in np.load(FILE).items()})
