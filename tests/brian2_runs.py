"""Reference runs in Brian2 and their recordings.

`python tests/brian2_runs.py`, where Brian2 2.9 (which needs numpy below 2.4) and spaic_jax are installed, records
`tests/data/brian2.npz` anew.

A potential is that after a step, its spikes and resets. A spike time is the number of the step, from 0. Brian2 leaves
`n - 1` steps out for a refractory period of `n` steps, spaic_jax leaves out `n`: a period here is one step longer.
"""

import pathlib

import numpy as np

FILE = pathlib.Path(__file__).parent / "data" / "brian2.npz"

#: Simulated time of a neuron on its own, ms, and how long each value of its input holds.
DURATION, HOLD = 120.0, 2.0
#: One sample of a potential is kept for so many steps.
EVERY = 5
#: Steps, ms, at which potentials are recorded, and the step of what stands for the truth.
STEPS, FINE = (0.1, 0.05), 0.001
#: Those of models for which these are too long.
SHORT = {"hh": (0.02, 0.01), "traub": (0.05, 0.025)}

REFRACTORY = 2.0

LIF = dict(tau_m=20.0, v_th=1.0, v_reset=0.0)
CUBALIF = dict(tau_m=20.0, tau_s=5.0, v_rest=-60.0, v_th=-50.0, v_reset=-62.0, R=2.0)
CONDLIF = dict(C=200.0, gL=10.0, EL=-60.0, E_exc=0.0, E_inh=-80.0, tau_exc=5.0, tau_inh=10.0, v_th=-50.0, v_reset=-60.0)
QIF = dict(tau_m=10.0, a_0=0.05, v_rest=-65.0, v_c=-50.0, v_th=-10.0, v_reset=-62.0, R=1.5)
EIF = dict(tau_m=10.0, EL=-65.0, v_th=-50.0, Vspk=-30.0, v_reset=-64.0, delta_t=3.5, R=1.5)
AEIF = dict(EL=-70.6, a=4.0, b=80.5, v_th=-50.4, Vspk=-40.4, delta_t=2.0, C=281.0, tau_w=144.0, gL=30.0, v_reset=-70.6)
IZH = dict(a=0.02, b=0.2, Vreset=-65.0, d=8.0, v_th=30.0)
ALIF = dict(tau_m=20.0, tau_a=60.0, beta=0.4, v_th=1.0)
#: Cells of Traub and Miles (1991) as in benchmark 3 of Brette et al. (2007): nF, uS, mV, nA.
TRAUB = dict(C=0.2, gl=0.01, El=-60.0, gna=20.0, Ena=50.0, gk=6.0, Ek=-90.0, VT=-63.0)

_HH = """
dV/dt = (I - 120*m**3*h*(V - 120) - 36*n**4*(V + 12) - 0.3*(V - 10.6))/ms : 1
dm/dt = (1/exprel((25 - V)/10)*(1 - m) - 4*exp(-V/18)*m)/ms : 1
dn/dt = (0.1/exprel((10 - V)/10)*(1 - n) - 0.125*exp(-V/80)*n)/ms : 1
dh/dt = (0.07*exp(-V/20)*(1 - h) - 1/(1 + exp((30 - V)/10))*h)/ms : 1
"""
_TRAUB = """
dV/dt = (gl*(El - V) - gna*m**3*h*(V - Ena) - gk*n**4*(V - Ek) + I)/C/ms : 1
dm/dt = (1.28/exprel((13 - V + VT)/4)*(1 - m) - 1.4/exprel((V - VT - 40)/5)*m)/ms : 1
dn/dt = (0.16/exprel((15 - V + VT)/5)*(1 - n) - 0.5*exp((10 - V + VT)/40)*n)/ms : 1
dh/dt = (0.128*exp((17 - V + VT)/18)*(1 - h) - 4/(1 + exp((40 - V + VT)/5))*h)/ms : 1
"""

#: The equations of models with a slow variable see no potential above the cut-off of the spike, in a stage of rk4 either.
#: By name: equations, threshold, reset, parameters, first values, method of the same steps, method of the truth, drive
#: `(lowest, highest)` and the state.
NEURONS = {
    "lif": ("dV/dt = (I - V)/(tau_m*ms) : 1", "V > v_th", "V = v_reset", LIF, {}, {"exact": "exact"}, "exact", (0.5, 3.0)),
    "lif_refractory": ("dV/dt = (I - V)/(tau_m*ms) : 1 (unless refractory)", "V > v_th", "V = v_reset", LIF, {}, {"exact": "exact"}, "exact", (1.0, 4.0)),
    "alif": (
        "dV/dt = (I - V)/(tau_m*ms) : 1\ndA/dt = -A/(tau_a*ms) : 1", "V > v_th + beta*A",
        "V -= v_th; A += exp(dt/(tau_a*ms))", ALIF, {}, {"exact": "exact"}, "exact", (0.5, 6.0),
    ),
    "qif": (
        "dV/dt = (a_0*(V - v_rest)*(V - v_c) + R*I)/(tau_m*ms) : 1", "V > v_th", "V = v_reset", QIF, {"V": -65.0},
        {"euler": "euler", "rk4": "rk4"}, "rk4", (0.0, 25.0),
    ),
    "eif": (
        "dV/dt = (EL - V + delta_t*exp((V - v_th)/delta_t) + R*I)/(tau_m*ms) : 1", "V > Vspk", "V = v_reset", EIF, {"V": -65.0},
        {"euler": "euler", "rk4": "rk4"}, "rk4", (0.0, 25.0),
    ),
    "aeif": (
        "dV/dt = (gL*(EL - B + delta_t*exp((B - v_th)/delta_t)) - U + I)/C/ms : 1\ndU/dt = (a*(B - EL) - U)/(tau_w*ms) : 1\n"
        "B = clip(V, -1000, Vspk) : 1",
        "V > Vspk", "V = v_reset; U += b", AEIF, {"V": -70.6}, {"euler": "euler", "rk4": "rk4"}, "rk4", (300.0, 2500.0),
    ),
    "izh": (
        "dV/dt = (0.04*B**2 + 5*B + 140 - U + I)/ms : 1\ndU/dt = a*(b*B - U)/ms : 1\nB = clip(V, -1000, v_th) : 1", "V > v_th", "V = Vreset; U += d", IZH,
        {"V": -65.0, "U": -13.0}, {"euler": "euler", "rk4": "rk4"}, "rk4", (0.0, 25.0),
    ),
    "hh": (_HH, "V > 50", "", {}, {"m": 0.0529, "n": 0.3177, "h": 0.5961}, {"rk4": "rk4"}, "rk4", (0.0, 25.0)),
    "traub": (
        _TRAUB, "V > -20", "", TRAUB, {"V": -60.0, "m": 0.05, "n": 0.1, "h": 0.9},
        {"euler": "euler", "exponential_euler": "exponential_euler", "rk4": "rk4"}, "rk4", (0.0, 1.0),
    ),
}


def drive(name, lowest, highest):
    """What a neuron is given, one value for each `HOLD` ms, exact in float32."""
    seed = sum(name.encode())
    values = np.random.default_rng(seed).uniform(lowest, highest, round(DURATION / HOLD))
    return np.round(values * 1024) / 1024


def events(seed, count, duration, dt):
    """Steps at which events come, none twice."""
    return np.sort(np.random.default_rng(seed).choice(round(duration / dt), count, replace=False))


def _brian():
    import brian2

    brian2.prefs.codegen.target = "numpy"
    return brian2


def neuron(name, dt, method, every=EVERY):
    """Potential after every so many steps and the steps of the spikes of one of `NEURONS`."""
    b = _brian()
    equations, threshold, reset, parameters, first, *_, (lowest, highest) = NEURONS[name]
    b.start_scope()
    b.defaultclock.dt = dt * b.ms
    given = b.TimedArray(drive(name, lowest, highest), dt=HOLD * b.ms)
    refractory = (round(REFRACTORY / dt) + 1) * dt * b.ms if "refractory" in name else False
    # A model without a reset has one spike for each upward crossing.
    refractory = refractory if reset else threshold
    group = b.NeuronGroup(
        1, equations + "\nI : 1", threshold=threshold, reset=reset, method=method, refractory=refractory,
        namespace={**parameters, "given": given},
    )
    # The input is that of the step, in every stage of a Runge-Kutta step too.
    group.run_regularly("I = given(t + 0.5 * dt)", when="start")
    for variable, value in first.items():
        setattr(group, variable, value)
    potential, spikes = b.StateMonitor(group, "V", record=True, when="end"), b.SpikeMonitor(group)
    b.Network(group, potential, spikes).run(DURATION * b.ms)
    return potential.V[0, every - 1 :: every], np.rint(spikes.t / (dt * b.ms)).astype(np.int32)


#: Spikes that come to the neurons with synapses: seeds and numbers of excitatory and inhibitory ones.
ARRIVALS = {"cubalif": ((1, 60), (2, 8)), "condlif": ((3, 60), (4, 6))}
WEIGHTS = {"cubalif": (6.0, -8.0), "condlif": (12.0, 40.0)}
_SYNAPSES = {
    "cubalif": (
        "dV/dt = (v_rest - V + R*I)/(tau_m*ms) : 1 (unless refractory)\ndI/dt = -I/(tau_s*ms) : 1", ("exact", "euler", "rk4"),
        ("I", "I"),
    ),
    "condlif": (
        "dV/dt = (gL*(EL - V) + ge*(E_exc - V) + gi*(E_inh - V))/C/ms : 1 (unless refractory)\n"
        "dge/dt = -ge/(tau_exc*ms) : 1\ndgi/dt = -gi/(tau_inh*ms) : 1",
        ("exponential_euler", "euler", "rk4"), ("ge", "gi"),
    ),
}


def synapses(name, method, dt):
    """Potential and steps of spikes of a neuron to which spikes come at given steps."""
    b = _brian()
    equations, _, targets = _SYNAPSES[name]
    parameters = {"cubalif": CUBALIF, "condlif": CONDLIF}[name]
    b.start_scope()
    b.defaultclock.dt = dt * b.ms
    group = b.NeuronGroup(
        1, equations, threshold="V > v_th", reset="V = v_reset", method=method, namespace=parameters,
        refractory=(round(REFRACTORY / dt) + 1) * dt * b.ms,
    )
    group.V = -60.0
    members = [group]
    for (seed, count), weight, target in zip(ARRIVALS[name], WEIGHTS[name], targets, strict=True):
        times = events(seed, count, DURATION, 0.1) * 0.1
        source = b.SpikeGeneratorGroup(1, np.zeros(count, int), times * b.ms)
        link = b.Synapses(source, group, on_pre=f"{target}_post += {weight}")
        link.connect()
        members += [source, link]
    potential, spikes = b.StateMonitor(group, "V", record=True, when="end"), b.SpikeMonitor(group)
    b.Network(*members, potential, spikes).run(DURATION * b.ms)
    return potential.V[0, EVERY - 1 :: EVERY], np.rint(spikes.t / (dt * b.ms)).astype(np.int32)


#: Two neurons, one before the other: current, weight, delay, duration in ms.
PAIR = dict(current=2.5, weight=30.0, delay=1.5, duration=100.0)
#: Neurons that all may meet all others: number, weight, share of synapses, duration in ms.
RECURRENT = dict(count=100, share=0.1, duration=200.0, delay=1.5)


def pair(dt=0.1):
    """Steps of the spikes of two neurons, and the potential of the second."""
    b = _brian()
    b.start_scope()
    b.defaultclock.dt = dt * b.ms
    first = b.NeuronGroup(
        1, "dV/dt = (current - V)/(tau_m*ms) : 1", threshold="V > v_th", reset="V = v_reset", method="exact",
        namespace=LIF | PAIR,
    )
    second = b.NeuronGroup(
        1, _SYNAPSES["cubalif"][0].replace("(unless refractory)", ""), threshold="V > v_th", reset="V = v_reset", method="exact",
        namespace=CUBALIF,
    )
    second.V = -60.0
    link = b.Synapses(first, second, on_pre=f"I_post += {PAIR['weight']}", delay=PAIR["delay"] * b.ms)
    link.connect()
    potential = b.StateMonitor(second, "V", record=True, when="end")
    spikes = b.SpikeMonitor(first), b.SpikeMonitor(second)
    b.Network(first, second, link, potential, *spikes).run(PAIR["duration"] * b.ms)
    return potential.V[0, EVERY - 1 :: EVERY], *(np.rint(s.t / (dt * b.ms)).astype(np.int32) for s in spikes)


def recurrent_weights():
    """Weights `(post, pre)`, a fifth of the neurons inhibitory, and the constant drive of each neuron."""
    rng = np.random.default_rng(11)
    count = RECURRENT["count"]
    sign = np.where(np.arange(count) < 0.8 * count, 3.0, -12.0)
    chosen = rng.random((count, count)) < RECURRENT["share"]
    weight = np.round(chosen * sign[None] * rng.uniform(0.5, 1.5, (count, count)) * 64) / 64
    return weight, np.round(rng.uniform(-59.0, -42.0, count) * 64) / 64


def recurrent(delay, dt=0.1):
    """Steps and numbers of the neurons that spike in a random recurrent network, and the first neuron's potential."""
    b = _brian()
    b.start_scope()
    b.defaultclock.dt = dt * b.ms
    weight, rest = recurrent_weights()
    group = b.NeuronGroup(
        RECURRENT["count"],
        "dV/dt = (v_rest - V + R*I)/(tau_m*ms) : 1 (unless refractory)\ndI/dt = -I/(tau_s*ms) : 1\nv_rest : 1",
        threshold="V > v_th", reset="V = v_reset", method="exact", refractory=(round(REFRACTORY / dt) + 1) * dt * b.ms,
        namespace={k: v for k, v in CUBALIF.items() if k != "v_rest"},
    )
    group.v_rest = group.V = rest
    group.V = np.minimum(rest, -51.0)
    link = b.Synapses(group, group, "w : 1", on_pre="I_post += w", delay=delay * b.ms)
    post, pre = np.nonzero(weight)
    link.connect(i=pre, j=post)
    link.w = weight[post, pre]
    potential, spikes = b.StateMonitor(group, "V", record=[0], when="end"), b.SpikeMonitor(group)
    b.Network(group, link, potential, spikes).run(RECURRENT["duration"] * b.ms)
    order = np.lexsort((spikes.i, spikes.t))
    return potential.V[0, EVERY - 1 :: EVERY], np.rint(spikes.t / (dt * b.ms)).astype(np.int32)[order], np.asarray(spikes.i, np.int32)[order]


def coarse_runs():
    """All runs that take seconds, by name."""
    runs = {}
    for name, (*_, methods, _, _) in NEURONS.items():
        for integrator, method in methods.items():
            for dt in SHORT.get(name, STEPS):
                runs[f"{name}/{integrator}/{dt}/V"], runs[f"{name}/{integrator}/{dt}/spikes"] = neuron(name, dt, method)
    for name, (_, methods, _) in _SYNAPSES.items():
        for method in methods:
            for dt in STEPS:
                runs[f"{name}/{method}/{dt}/V"], runs[f"{name}/{method}/{dt}/spikes"] = synapses(name, method, dt)
    runs["pair/V"], runs["pair/first"], runs["pair/second"] = pair()
    for delay in (0.1, 1.5):
        runs[f"recurrent/{delay}/V"], runs[f"recurrent/{delay}/steps"], runs[f"recurrent/{delay}/neurons"] = recurrent(delay)
    return runs


def fine_runs():
    """What stands for the truth: potentials every ms and times of spikes in ms."""
    runs = {}
    for name, (*_, method, _) in NEURONS.items():
        potential, spikes = neuron(name, FINE, method, round(1 / FINE))
        runs[f"{name}/truth/V"], runs[f"{name}/truth/spikes"] = potential, (spikes + 1) * FINE
    return runs


if __name__ == "__main__":
    np.savez_compressed(FILE, **{name: np.asarray(x) for name, x in (coarse_runs() | fine_runs()).items()})
