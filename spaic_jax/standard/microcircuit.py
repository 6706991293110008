"""A square millimetre of cortex in four layers."""

import math

import numpy as np

from spaic_jax._numbers import real
from spaic_jax.network import Connection, Generator, Network, NeuronGroup, SpikeMonitor
from spaic_jax.neurons.receptors import ExponentialReceptor
from spaic_jax.program import Normal, TruncatedNormal
from spaic_jax.synapses import FixedDelay, FixedTotal

POPULATIONS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948)
#: The probability that a pair has a synapse: a row for each postsynaptic population.
PROBABILITIES = (
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0000, 0.0076, 0.0000),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0000, 0.0042, 0.0000),
    (0.0077, 0.0059, 0.0497, 0.1350, 0.0067, 0.0003, 0.0453, 0.0000),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0000, 0.1057, 0.0000),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0000),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.0600, 0.3158, 0.0086, 0.0000),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.0010, 0.0034, 0.0005, 0.0277, 0.0080, 0.0658, 0.1443),
)
#: Outer synapses of a neuron, each with 8 Hz.
OUTER, OUTER_RATE = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100), 8.0
#: Firing rates at full scale, Hz, as NEST's example finds them with one seed: what `microcircuit` makes up for where synapses are missing.
RATES = (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829)
V_MEAN = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)
V_STD = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)
#: What a spike brings, pA, and how much stronger inhibition is.
WEIGHT, INHIBITION = 87.808, -4.0
TAU_M, TAU_SYN, CAPACITANCE = 10.0, 0.5, 250.0


def microcircuit(scale: float = 0.1, *, dt: float = 0.1) -> Network:
    """The network of Potjans and Diesmann, The cell-type specific cortical microcircuit (2014).

    Eight populations of integrate-and-fire neurons with exponential currents; the number of synapses between two is that of
    the paper, `ln(1 - p) / ln(1 - 1 / (N_i N_j))`, drawn with multapses. At full scale, 77 169 neurons with 3e8 synapses, they fire at
    0.9, 3.0, 4.4, 5.9, 7.6, 8.6, 1.1 and 7.8 Hz.

    Scaled down, neurons and in-degrees are fewer; weights grow by `1 / sqrt(scale)`, which keeps the variance of the input, and a
    constant current makes up for its mean (van Albada et al. 2015). Rates come close to those of the full network, from below, as
    fewer and stronger inputs are less Gaussian: of a scale of 0.2 they are 0.7, 2.5, 4.3, 5.5, 7.0, 8.2, 1.0 and 7.5 Hz, of 0.1 they
    are 0.5, 2.1, 4.1, 5.0, 6.7, 7.7, 0.8 and 7.0 Hz.

    Args:
        scale: of the numbers of neurons and of their in-degrees, above 0 and at most 1.
        dt: length of a step, ms, of the simulation to come: the shortest delay.

    Returns:
        A network with groups, `L23E` to `L6I`, and for each a spike monitor, such as `L23E_spikes`.

    >>> microcircuit(0.01).members["L23E"].num
    207
    """
    part = real(scale, "microcircuit: scale", above=0, most=1)
    sizes = [max(round(size * part), 1) for size in SIZES]
    weight = WEIGHT / math.sqrt(part)
    with Network() as net:
        groups = []
        for i, name in enumerate(POPULATIONS):
            missing = sum(
                _synapses(i, j) / SIZES[i] * RATES[j] * (INHIBITION if j % 2 else 1.0) * (2.0 if (i, j) == (0, 2) else 1.0)
                for j in range(8)
            ) + OUTER[i] * OUTER_RATE
            current = TAU_SYN * 1e-3 * WEIGHT * (1 - math.sqrt(part)) * missing
            group = NeuronGroup(
                sizes[i], model="constantcurrentlif", integrator="exact", tau_m=TAU_M, R=TAU_M / CAPACITANCE,
                # A constant current moves the potential of rest by R I.
                v_rest=-65.0 + TAU_M / CAPACITANCE * current, v_th=-50.0, v_reset=-65.0, t_ref=2.0,
                V=Normal(V_MEAN[i], V_STD[i]), receptors={"exc": ExponentialReceptor(tau=TAU_SYN)}, name=name,
            )
            outer = Generator(sizes[i], "poisson_hz", rate=OUTER[i] * part * OUTER_RATE, counts=True, name=f"{name}_outer")
            Connection(outer, group, "one_to_one", weight=weight, post_var_name="exc", is_parameter=False)
            SpikeMonitor(group, name=f"{name}_spikes")
            groups.append(group)
        for i, post in enumerate(groups):
            for j, pre in enumerate(groups):
                number = round(_synapses(i, j) * part * part)
                if not number:
                    continue
                inhibits = j % 2 == 1
                mean = weight * (INHIBITION if inhibits else 2.0 if (i, j) == (0, 2) else 1.0)
                late, spread = (0.75, 0.375) if inhibits else (1.5, 0.75)
                # The step that a loop takes is part of the delay; half a step more, as delays are rounded down, and not to the nearest.
                delay = FixedDelay(value=TruncatedNormal(late - dt / 2, spread, a=0.0), max_delay=late + 4 * spread)
                Connection(
                    pre, post, FixedTotal(number=number, weight=Normal(mean, 0.1 * abs(mean))), delay=delay, post_var_name="exc",
                    is_parameter=False,
                )
    return net


def _synapses(post: int, pre: int) -> float:
    """The number of synapses between two populations at full scale."""
    pairs = SIZES[post] * SIZES[pre]
    return np.log1p(-PROBABILITIES[post][pre]) / np.log1p(-1 / pairs)
