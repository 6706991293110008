"""Weights with which neurons fire by the fluctuations of their potential."""

import dataclasses
import math

import jax
from jax.typing import DTypeLike

from spaic_jax._numbers import real, whole
from spaic_jax.program.initial.base import Initial
from spaic_jax.program.initial.distributions import Normal


@dataclasses.dataclass(frozen=True)
class FluctuationDriven(Initial):
    """Gaussian weights that give the postsynaptic potential a mean and fluctuations in proportion to its threshold.

    $$ \\mu_W = \\frac{a \\mu_V}{n p \\bar\\epsilon}, \\qquad
       \\sigma_W^2 = \\frac{a}{n p (1 - p) \\hat\\epsilon} \\Big(\\frac{\\theta - \\mu_V}{\\xi}\\Big)^2 - \\mu_W^2 $$

    with `n` inputs a neuron, which spike with probability `p = rate dt` in a step, the sum and the sum of squares of the response
    of the potential to an input, the threshold above rest and the share `a` of the connection. A neuron then fires now and then,
    at about any depth of a network, and gradients come through from the start. Layers of a stack have the rates as their input
    that this makes: some ten Hz with `xi=2`, more with a lower one.

    For connections with no synapse type behind their link, onto `lif`, `alif`, `cubalif` or `constantcurrentlif`.

    Args:
        rate: mean rate of the presynaptic neurons, Hz.
        xi: by how many standard deviations the threshold lies above the mean potential.
        mean: the mean potential, as a part of the way from rest to the threshold.
        share: share of this connection of the variance and the mean, where several act on a group, such as one from below
            with 0.9 and a recurrent one with 0.1.
        inputs: presynaptic neurons of each postsynaptic one; may be left out for `full` and `conv`.

    Raises:
        ValueError: a number out of range; at build, another model or link, or a mean that alone makes larger fluctuations.

    Source: Rossbroich, Gygax and Zenke, Fluctuation-driven initialization for spiking neural network training (2022), here for
    steps of dt, in which an input spikes once at most.

    >>> import spaic_jax as sj
    >>> with sj.Network() as net:
    ...     image, hidden = sj.Encoder(num=100, coding_method="poisson"), sj.NeuronGroup(50, model="lif", tau_m=20.0)
    ...     into = sj.Connection(image, hidden, weight=FluctuationDriven(rate=20.0, xi=2.0))
    >>> drawn = sj.build(net, dt=1.0).program.by_name["into.weight"].init
    >>> drawn.mean, round(drawn.std, 3)
    (0.0, 0.11)
    """

    rate: float = 10.0
    xi: float = 2.0
    mean: float = 0.0
    share: float = 1.0
    inputs: int | None = None

    def __post_init__(self) -> None:
        for name, most in (("rate", math.inf), ("xi", math.inf), ("share", 1.0)):
            object.__setattr__(self, name, real(getattr(self, name), f"FluctuationDriven: {name}", above=0, most=most))
        object.__setattr__(self, "mean", real(self.mean, "FluctuationDriven: mean", below=1.0))
        if self.inputs is not None:
            whole(self.inputs, "FluctuationDriven: inputs")

    def __call__(self, key: jax.Array, shape: tuple[int, ...], dtype: DTypeLike) -> jax.Array:
        raise ValueError("weights that are driven by fluctuations are those of a connection onto a group of neurons.")

    def weights(self, inputs: int, dt: float, total: float, squares: float, span: float) -> Normal:
        """The distribution of the weights.

        Args:
            inputs: presynaptic neurons of each postsynaptic one.
            dt: length of a step, ms.
            total: sum over all steps of the response of the potential to one input.
            squares: the sum of its squares.
            span: from rest to the threshold.

        Raises:
            ValueError: a rate of a spike in every step or more; a mean that alone makes larger fluctuations.
        """
        p = real(self.rate * dt / 1000, "the probability of a spike in a step, rate dt,", above=0, below=1)
        mean = self.share * self.mean * span / (inputs * p * total)
        wanted = self.share * ((1 - self.mean) * span / self.xi) ** 2 / (inputs * p * (1 - p) * squares)
        if wanted < mean**2:
            raise ValueError(
                f"a mean of {self.mean:g} makes fluctuations with {inputs} inputs of {self.rate:g} Hz that are larger than xi {self.xi:g}"
                " asks for: take a mean that is nearer to 0, or a lower xi."
            )
        return Normal(mean, math.sqrt(wanted - mean**2))
