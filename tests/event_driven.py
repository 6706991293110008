"""LIF neurons with exponential synapses from event to event, exact in float64: no grid, and no derivative but by differences."""

import numpy as np


def simulate(pulses, w_in, w_rec, tau_m, tau_s, v_th, *, t_ref, delay, end):
    """The spikes `(time, neuron)` of one sample and the integral of each potential from 0 to `end`.

    `pulses` is the time of one spike for each column of `w_in`. A spike adds a column to the currents I,
    tau_m V' = I - V, tau_s I' = -I; V is 0 after a spike and stays so for `t_ref`.
    """
    n = len(w_in)
    v, i, free_at = np.zeros(n), np.zeros(n), np.zeros(n)
    coming = sorted((time, 0, channel) for channel, time in enumerate(pulses))
    spikes, integral, now, c = [], np.zeros(n), 0.0, tau_s / (tau_m - tau_s)

    def potential(v, i, s):
        return v * np.exp(-s / tau_m) + i * c * (np.exp(-s / tau_m) - np.exp(-s / tau_s))

    def crossing(v, i, span):
        """When a potential below the threshold reaches it, or infinity. It rises until its only extremum."""
        a, b = v + i * c, -i * c
        if a > 0 > b:
            span = min(span, max(np.log(-(b / tau_s) / (a / tau_m)) / (1 / tau_s - 1 / tau_m), 0.0))
        if potential(v, i, span) <= v_th:
            return np.inf
        low, high = 0.0, span
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if potential(v, i, middle) < v_th else (low, middle)
        return high

    while now < end:
        held = free_at > now
        until = min([end, *(event[0] for event in coming[:1]), *free_at[held]])
        at = [np.inf if held[k] else crossing(v[k], i[k], until - now) for k in range(n)]
        first = int(np.argmin(at))
        s, then = (at[first], now + at[first]) if at[first] < np.inf else (until - now, until)
        a, b = v + i * c, -i * c
        risen = a * tau_m * (1 - np.exp(-s / tau_m)) + b * tau_s * (1 - np.exp(-s / tau_s))
        integral += np.where(held, v * s, risen)
        v, i, now = np.where(held, v, potential(v, i, s)), i * np.exp(-s / tau_s), then
        if at[first] < np.inf:
            spikes.append((now, first))
            v[first], free_at[first] = 0.0, now + t_ref
            if delay:
                coming = sorted([*coming, (now + delay, 1, first)])
            else:
                i = i + w_rec[:, first]
            continue
        while coming and coming[0][0] <= now < end:
            _, recurrent, channel = coming.pop(0)
            i = i + (w_rec if recurrent else w_in)[:, channel]
    return spikes, integral
