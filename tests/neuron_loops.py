"""Every neuron model once more: plain loops over time in double precision, written down from the equations.

Each function takes the state (a dictionary, changed in place), the input of the step and dt, and returns the output.
"""

import numpy as np
from numpy import exp


def gain(slow, fast):
    """What makes the peak of a unit response 1, found from the peak itself."""
    peak = np.log(slow / fast) * slow * fast / (slow - fast)
    return 1 / (exp(-peak / slow) - exp(-peak / fast))


def traces(s, x, dt, slow, fast):
    s["M"] = s["M"] * exp(-dt / slow) + gain(slow, fast) * x
    s["S"] = s["S"] * exp(-dt / fast) + gain(slow, fast) * x
    s["P"] = s["M"] - s["S"]
    return s["P"]


def clif(s, x, dt):
    s["V"] = traces(s, x, dt, 12.0, 8.0) - s["E"]
    o = s["V"] > 1
    s["E"] = s["E"] * exp(-dt / 20) + o
    return o


def clif2k(s, x, dt):
    s["V"] = traces(s, x, dt, 20.0, 12.0) - s["E"]
    o = s["V"] > 1
    s["E"] = s["E"] * exp(-dt / 20) + o
    return o


def pclif(s, x, dt):
    s["M"] = 0.9 * (s["M"] + x)
    s["S"] = 0.6 * (s["S"] + x)
    s["E"] = 0.9 * s["E"] + s["O"]
    s["V"] = s["M"] - s["S"] - s["E"]
    s["O"] = s["V"] > 1
    return s["O"]


def aclif(s, x, dt):
    s["Vth1"] = s["Vth1"] * exp(-dt / 2000) + s["O"]
    s["V"] = traces(s, x, dt, 12.0, 8.0) - 0.1 * s["Vth1"] - s["E"]
    s["O"] = s["V"] > 1
    s["E"] = s["E"] * exp(-dt / 20) + s["O"]
    return s["O"]


def hard(s, v, fired, to=0.0):
    s["V"] = np.where(fired, to, v)
    return fired


def lif(s, x, dt):
    v = s["V"] * exp(-dt / 8) + x
    return hard(s, v, v > 1)


def if_(s, x, dt):
    v = s["V"] + x
    return hard(s, v, v > 1)


def ifsoftreset(s, x, dt):
    v = s["V"] + x
    s["V"] = v - (v > 1)
    return v > 1


def plif(s, x, dt):
    v = s["V"] / 2 + x / 2
    return hard(s, v, v > 1)


def constantcurrentlif(s, x, dt):
    v = s["V"] + (x - s["V"]) * dt / 20
    return hard(s, v, v > 1)


def lifm(s, x, dt):
    s["I"] = s["I"] * exp(-dt) + x
    v = s["V"] * exp(-dt / 10) + s["I"]
    return hard(s, v, v > 1)


def leaky_integrator(s, x, dt):
    s["V"] = s["V"] * exp(-dt / 8) + x


def nonspikingifb(s, x, dt):
    s["V"] = s["V"] + x


def nonspikinglif(s, x, dt):
    s["V"] = s["V"] + dt * (traces(s, x, dt, 4.0, 1.0) - s["V"])


def null(s, x, dt):
    return x


def izh(s, x, dt):
    v, u = s["V"], s["U"]
    s["U"] = u + dt * 0.02 * (0.2 * v - u)
    v = v + dt * (0.04 * v * v + 5 * v + 140 - u + x)
    o = v > 30
    s["U"] = s["U"] + 8 * o
    return hard(s, v, o, -65)


def aeif(s, x, dt):
    v = upswing(s["V"], s["U"], x, dt / 2)
    s["U"] = towards(s["U"], 4 * (np.minimum(v, 20) + 70.6), dt / 144)
    v = upswing(v, s["U"], x, dt / 2)
    o = v > 20
    s["U"] = s["U"] + 0.0805 * o
    return hard(s, v, o, -70.6)


def upswing(v, w, x, time):
    """The potential, whose equation is linearised about where it is, below the peak only."""
    below = np.minimum(v, 20)
    steep = 30 * exp(np.minimum((below + 50.4) / 2, 20))
    slope, bend = (-30 * (below + 70.6) + 2 * steep - w + x) / 281, np.where(v < 20, np.where(below < -10.4, steep, 0) - 30, 0) / 281
    z = np.where(bend == 0, 1e-12, np.minimum(time * bend, 30))
    return v + time * slope * np.expm1(z) / z


def eif(s, x, dt):
    v = s["V"]
    v = v + dt / 10 * (-(v + 65) + 3.5 * exp((v + 50) / 3.5) + x)
    return hard(s, v, v > 0, -65)


def qif(s, x, dt):
    v = s["V"]
    v = v + dt / 10 * (0.05 * (v + 65) * (v + 50) + x)
    return hard(s, v, v > 0, -65)


def glif(s, x, dt):
    i1, i2 = s["I1"] * (1 - 0.8 * dt), s["I2"] * (1 - 0.6 * dt)
    old = s["V"]
    v = old + dt / 60 * (i1 + i2 + x - old / 2)
    theta_s = s["Theta_s"] * (1 - 0.02 * dt)
    s["Theta_v"] = s["Theta_v"] + dt * (0.12 * old - 0.3 * s["Theta_v"])
    s["Vth"] = 1 + theta_s + s["Theta_v"]
    o = v > s["Vth"]
    s["Theta_s"] = theta_s + 0.2 * o
    s["I1"], s["I2"] = np.where(o, i1 + 0.1, i1), np.where(o, i2 + 0.1, i2)
    return hard(s, v, o, 0.1 * v - 0.05)


def hh(s, x, dt):
    def rates(v):
        return {
            "m": (0.1 * (25 - v) / (exp((25 - v) / 10) - 1), 4 * exp(-v / 18)),
            "n": (0.01 * (10 - v) / (exp((10 - v) / 10) - 1), 0.125 * exp(-v / 80)),
            "h": (0.07 * exp(-v / 20), 1 / (exp((30 - v) / 10) + 1)),
        }

    return gated(s, rates, {"m": (120, 120), "n": (36, -12), None: (0.3, 10.6)}, x, dt, 50)


def traub(s, x, dt):
    def rates(v):
        u = v + 63
        return {
            "m": (0.32 * (13 - u) / (exp((13 - u) / 4) - 1), 0.28 * (u - 40) / (exp((u - 40) / 5) - 1)),
            "n": (0.032 * (15 - u) / (exp((15 - u) / 5) - 1), 0.5 * exp((10 - u) / 40)),
            "h": (0.128 * exp((17 - u) / 18), 4 / (exp((40 - u) / 5) + 1)),
        }

    return gated(s, rates, {"m": (100, 50), "n": (30, -90), None: (0.05, -60)}, x / 200, dt, -20)


def gated(s, rates, channels, drive, dt, threshold):
    """Half a step of the potential, one of the gates, half a step of the potential: each exact while the others stay."""

    def half(v):
        open_ = {"m": s["m"] ** 3 * s["h"], "n": s["n"] ** 4, None: 1}
        g = sum(size * open_[gate] for gate, (size, _) in channels.items())
        at = (drive + sum(size * open_[gate] * e for gate, (size, e) in channels.items())) / g
        return towards(v, at, g * dt / 2)

    before, v = s["V"], half(s["V"])
    for gate, (alpha, beta) in rates(v).items():
        s[gate] = towards(s[gate], alpha / (alpha + beta), (alpha + beta) * dt)
    s["V"] = half(v)
    return (before <= threshold) & (s["V"] > threshold)


def towards(x, at, decays):
    return at + (x - at) * exp(-decays)


def lifstdp_ex(s, x, dt):
    v = -65 + 0.9900498337491681 * (s["V"] + 65) + x
    theta = s["theta"] * 0.9999999
    s["Vth_theta"] = -52 + theta
    o = v > s["Vth_theta"]
    s["theta"] = theta + 0.05 * o
    return hard(s, v, o, -60)


def alifstdp_ex(s, x, dt):
    v = 0.9900498337491681 * s["V"] + x
    theta = s["theta"] * 0.99999
    s["Vth_theta"] = 2 + theta
    o = v > s["Vth_theta"]
    s["theta"] = theta + 0.001 * o * s["Vth_theta"]
    s["V"] = v - 2 * o
    return o


def lifstdp_ih(s, x, dt):
    v = -60 + 0.9048374180359595 * (s["V"] + 60) + x
    return hard(s, v, v > -40, -45)


def diehlandcook(s, x, dt):
    v, thresh, count = (s[name].astype(int) for name in ("V", "thresh", "refrac_count"))
    thresh = np.where(thresh > 4915, thresh // 2, thresh)
    v = (1013 * v) // 1024 + np.where(count <= 0, (154 * np.trunc(x).astype(int)) // 1024, 0)
    o = v > thresh
    s["V"], s["thresh"] = np.where(o, 0, v), thresh + 66 * o
    s["refrac_count"] = np.where(o, 5, count - 1)
    return o


def lifint(s, x, dt):
    v = s["V"] + np.where(s["refrac_count"] > 0, 0, x)
    o = v >= 1
    s["refrac_count"] = np.where(o, 0, s["refrac_count"] - 1)
    return hard(s, v, o)


def meanfield(s, x, dt):
    s["U"] = s["U"] + dt * (0.1 * x - s["U"])
    return np.maximum(s["U"], 0)


def cann_field(s, x, dt):
    s["U"] = s["U"] + dt * (0.02 * x - s["U"])
    r = np.maximum(s["U"], 0) ** 2
    return r / (1 + 0.01 * 0.02 * r.sum(1, keepdims=True))


def fixed(x):
    return np.clip(np.rint(x), -32768, 32768)


def darwin_clif(s, x, dt):
    s["I"] = fixed(s["I"] * np.rint(256 * exp(-dt / 8)) / 256 + x)
    v = fixed(s["V"] * np.rint(256 * exp(-dt / 12)) / 256 + s["I"])
    return hard(s, v, v > 16384)


def darwin_alif(s, x, dt):
    s["I"] = fixed(s["I"] * np.rint(256 * exp(-dt / 8)) / 256 + x)
    v = fixed(s["V"] * np.rint(256 * exp(-dt / 12)) / 256 + s["I"])
    o = v > s["Vth"]
    s["Vth"] = 0.999 * s["Vth"] + 16 + 3277 * o
    return hard(s, v, o)


def darwin_random(s, x, dt):
    v = s["V"] * np.rint(65536 * exp(-dt / 10)) / 65536 + x
    return hard(s, v, v > 15000)


def alif(s, x, dt):
    s["A"] = s["A"] * exp(-dt / 200) + s["O"]
    v = s["V"] * exp(-dt / 20) + x
    s["O"] = v > 1 + 0.1 * s["A"]
    s["V"] = v - s["O"]
    return s["O"]


def adlif(s, x, dt):
    s["w"] = s["w"] * exp(-dt / 60) + s["O"]
    alpha = exp(-dt / 10)
    s["V"] = alpha * (s["V"] - s["O"]) + (1 - alpha) * (x - s["w"])
    s["O"] = s["V"] > 1
    return s["O"]


def cubalif(s, x, dt):
    i = s["I"] + x
    v = s["V"] * exp(-dt / 20) + i * 5 / (20 - 5) * (exp(-dt / 20) - exp(-dt / 5))
    s["I"] = i * exp(-dt / 5)
    return hard(s, v, v > 1)


def cubali(s, x, dt):
    i = s["I"] + x
    s["V"] = s["V"] * exp(-dt / 20) + i * 5 / (20 - 5) * (exp(-dt / 20) - exp(-dt / 5))
    s["I"] = i * exp(-dt / 5)


def threshold(s, x, dt):
    return x > 1


def condlif(s, x, dt):
    """With a current alone."""
    v = -60 + x / 10 + (s["V"] + 60 - x / 10) * exp(-dt / 20)
    v = np.where(s["refrac"] > 0, s["V"], v)
    o = v > -50
    s["refrac"] = np.where(o, np.rint(5 / dt), np.maximum(s["refrac"] - 1, 0))
    return hard(s, v, o, -60)


def since(v, slope, o, dt):
    return np.where(o & (slope > 0), np.clip((v - 1) / np.where(slope > 0, slope, 1), 0, dt), 0)


def selif(s, x, dt):
    drive = traces(s, x, dt, 6.0, 2.0)
    decay = exp(-dt / 16)
    s["R"] = decay * s["R"] + (1 - decay) * s["V"] + 10 * (s["O"] - s["T"] / 16)
    slope = (2 * np.clip(s["V"], -10, 1) ** 2 - s["V"] + drive + 0.5 - s["R"] / 2) / 12
    s["V"] = s["V"] + dt * slope - (s["O"] - s["T"] / 12)
    s["O"] = s["V"] > 1
    s["T"] = since(s["V"], slope, s["O"], dt)
    return s["O"]


def slif(s, x, dt):
    s["M"] = s["M"] * exp(-dt / 20) + gain(20, 8) * x - 5 * (s["O"] - s["T"] / 20)
    s["S"] = s["S"] * exp(-dt / 8) + gain(20, 8) * x
    s["V"] = s["M"] - s["S"]
    slope = s["S"] * (1 - dt / 16) / 8 - s["M"] * (1 - dt / 40) / 20
    s["O"] = s["V"] > 1
    s["T"] = since(s["V"], slope, s["O"], dt)
    return s["O"]


#: The loop of each model, the mean and the spread of an input that makes it do something, and dt.
LOOPS = {
    "aclif": (aclif, 0.1, 0.2, 0.5), "adlif": (adlif, 3.0, 3.0, 0.5), "aeif": (aeif, 900.0, 300.0, 0.1),
    "alif": (alif, 0.15, 0.3, 0.5), "alifstdp_ex": (alifstdp_ex, 0.3, 0.5, 0.5), "cann_field": (cann_field, 20.0, 40.0, 0.5),
    "clif": (clif, 0.1, 0.2, 0.5), "clif2k": (clif2k, 0.1, 0.2, 0.5), "condlif": (condlif, 200.0, 200.0, 0.5),
    "constantcurrentlif": (constantcurrentlif, 3.0, 3.0, 0.5), "cubali": (cubali, 0.4, 0.4, 0.5),
    "cubalif": (cubalif, 0.4, 0.4, 0.5),
    "darwin_alif": (darwin_alif, 3000.0, 3000.0, 0.5), "darwin_clif": (darwin_clif, 500.0, 500.0, 0.5),
    "darwin_random": (darwin_random, 800.0, 800.0, 0.5), "diehlandcook": (diehlandcook, 400.0, 400.0, 0.5),
    "eif": (eif, 25.0, 20.0, 0.1), "glif": (glif, 30.0, 30.0, 0.5), "hh": (hh, 150.0, 50.0, 0.02),
    "if": (if_, 0.1, 0.3, 0.5), "ifb": (if_, 0.1, 0.3, 0.5), "ifsoftreset": (ifsoftreset, 0.1, 0.3, 0.5),
    "izh": (izh, 12.0, 5.0, 0.25), "leaky_integrator": (leaky_integrator, 0.1, 0.3, 0.5), "lif": (lif, 0.15, 0.3, 0.5),
    "lifint": (lifint, 0.1, 0.3, 0.5), "lifm": (lifm, 0.1, 0.2, 0.5), "lifstdp_ex": (lifstdp_ex, 2.0, 4.0, 0.5),
    "lifstdp_ih": (lifstdp_ih, 3.0, 6.0, 0.5), "meanfield": (meanfield, 1.0, 3.0, 0.5),
    "nonspikingifb": (nonspikingifb, 0.1, 0.3, 0.5), "nonspikinglif": (nonspikinglif, 0.1, 0.3, 0.5),
    "null": (null, 0.0, 1.0, 0.5), "pclif": (pclif, 0.4, 0.6, 0.5), "plif": (plif, 1.0, 1.0, 0.5),
    "qif": (qif, 10.0, 10.0, 0.1), "selif": (selif, 0.3, 0.3, 0.5), "slif": (slif, 0.3, 0.3, 0.5),
    "threshold": (threshold, 0.3, 0.6, 0.5), "traub": (traub, 2000.0, 2000.0, 0.1),
}
