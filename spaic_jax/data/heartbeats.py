"""Heartbeats that are drawn, and the wave that each moment belongs to."""

import math

import numpy as np

from spaic_jax.data.dataset import LABELS, Dataset

#: Places, amplitudes and widths of the waves P, Q, R, S and T, of which the model makes Gaussians of height a b^2: its table 1.
_PLACE = np.array([-1 / 3, -1 / 12, 0, 1 / 12, 1 / 2]) * np.pi
_AMPLITUDE, _WIDTH = np.array([1.2, -5.0, 30.0, -7.5, 0.75]), np.array([0.25, 0.1, 0.1, 0.1, 0.4])
#: Seconds of a step; steps of a recording; what a potential changes by between two spikes of a fine and of a coarse neuron.
_STEP, _STEPS, _CHANGES = 0.01, 300, (0.05, 0.2)
_NAMES = ("P", "PQ", "QR", "RS", "ST", "TP")


def heartbeats(input: str = "leads", shape: tuple[int, ...] = (4,)) -> tuple[Dataset, Dataset]:
    """Drawn heartbeats: 480 and 120 recordings of 300 steps of 10 ms as spikes of four neurons, the class of each step being one of six waves.

    A potential in mV, 1 at the peak of R, is a sum of Gaussians of the phase of the beat, one for each wave, with noise, on
    a line that wanders with the breath, whose rhythm the heart follows a little:

    $$ \\dot\\theta = \\tfrac{2\\pi}{p}\\,(1 + 0.05 \\sin \\phi_t), \\qquad \\phi_t = 2\\pi f t + \\phi_0 $$
    $$ z_t = \\sum_i h_i\\, e^{-(\\theta_t - \\theta_i)^2 / 2 b_i^2} + 0.15 \\sin \\phi_t + 0.01\\, \\xi_t $$

    Each recording draws a period $p$ of 0.6 to 1.1 s, a breath of $f$ = 0.2 to 0.3 Hz, phases, and heights $h$ and widths
    $b$ within 10 % of those of the model. Two neurons fire when the potential has risen or fallen by 0.05 mV since one of
    the two last did, two by 0.2 mV. A wave lasts from 1.5 widths before its place to 1.5 after it, R to S and T being
    parted as in `ecg`: P; PQ, up to Q; QR, up to the peak; RS; ST, which has T in it; TP, the rest. All is drawn from one fixed seed.

    Args:
        input: name of the encoder that takes the spikes.
        shape: shape of one step of a sample: `(4,)`, `(2, 2)` or what else holds 4.

    Returns:
        Training data and test data, with labels `[T, N]`.

    Raises:
        ValueError: when `shape` does not hold 4 neurons.

    Source: McSharry, Clifford, Tarassenko and Smith, A dynamical model for generating synthetic electrocardiogram signals
    (2003), whose equation of motion relaxes to such a sum.

    Example:
        >>> training, test = heartbeats()
        >>> training.inputs["leads"].shape, test.labels.shape
        ((300, 480, 4), (300, 120))
    """
    if math.prod(shape) != 4:
        raise ValueError(f"'heartbeats' has 4 neurons, which the shape {tuple(shape)} does not hold.")
    rng = np.random.default_rng(0)

    def samples(count: int) -> Dataset:
        potential, waves = _recordings(rng, count)
        spikes = np.concatenate([_crossings(potential, change) for change in _CHANGES], axis=2)
        return Dataset({input: spikes.reshape(_STEPS, count, *shape)}, waves, _NAMES, sequences=(input, LABELS))

    return samples(480), samples(120)


def _recordings(rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Potentials and waves, `[T, N]`."""
    period, breath = rng.uniform(0.6, 1.1, count), rng.uniform(0.2, 0.3, count)
    start, begun = rng.uniform(-np.pi, np.pi, (2, count))
    height = _AMPLITUDE * _WIDTH**2 / (_AMPLITUDE * _WIDTH**2).max() * rng.uniform(0.9, 1.1, (count, 5))
    width = _WIDTH * rng.uniform(0.9, 1.1, (count, 5))
    breathing = np.sin(2 * np.pi * breath * _STEP * np.arange(_STEPS)[:, None] + begun)
    phase = start + np.cumsum(2 * np.pi / period * _STEP * (1 + 0.05 * breathing), axis=0)
    apart = (phase[..., None] - _PLACE + np.pi) % (2 * np.pi) - np.pi  # [T, N, waves]
    potential = (height * np.exp(-(apart**2) / (2 * width**2))).sum(2)
    potential += 0.15 * breathing + 0.01 * rng.standard_normal(potential.shape)
    bounds = np.stack(
        [
            _PLACE[0] - 1.5 * width[:, 0],
            _PLACE[0] + 1.5 * width[:, 0],
            _PLACE[1] - 1.5 * width[:, 1],
            np.zeros(count),
            _PLACE[3] + 1.5 * width[:, 3],
            _PLACE[4] + 1.5 * width[:, 4],
        ]
    )  # where each wave begins
    since = (phase - bounds[0]) % (2 * np.pi)
    waves = (since >= (bounds - bounds[0])[:, None]).sum(0) - 1
    return potential, waves.astype(np.int32)


def _crossings(potential: np.ndarray, change: float) -> np.ndarray:
    """Spikes `[T, N, 2]` of where a potential has risen, and fallen, by some change since the last spike."""
    level, spikes = potential[0].copy(), np.zeros((*potential.shape, 2), bool)
    for step, now in enumerate(potential):
        spikes[step] = np.stack([now - level >= change, level - now >= change], axis=-1)
        level = np.where(spikes[step].any(-1), now, level)
    return spikes
