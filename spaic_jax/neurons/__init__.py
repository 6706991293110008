"""Neuron models, one a file, and the table of their names.

Models that are one equation apart share the file of what they share: a model and its soft reset or its silent form, the
fields of rates, the neurons of one chip. What many models need has a file of its own: integrators, resets, refractory
periods, the difference of two exponentials.
"""

from typing import Any

from spaic_jax._shapes import PerNeuron
from spaic_jax._tables import resolve
from spaic_jax.neurons.aclif import ACLIF
from spaic_jax.neurons.adlif import AdLIF
from spaic_jax.neurons.aeif import AEIF
from spaic_jax.neurons.alif import ALIF
from spaic_jax.neurons.base import NeuronModel, SpikingModel, coefficient
from spaic_jax.neurons.clif import CLIF
from spaic_jax.neurons.clif2k import CLIF2K
from spaic_jax.neurons.condlif import CondLIF
from spaic_jax.neurons.constant_current_lif import ConstantCurrentLIF
from spaic_jax.neurons.cubalif import CubaLI, CubaLIF
from spaic_jax.neurons.custom import custom_model, rows_model
from spaic_jax.neurons.darwin import DarwinALIF, DarwinCLIF, DarwinRandom
from spaic_jax.neurons.diehl_and_cook import DiehlAndCook
from spaic_jax.neurons.exponential_if import ExponentialIF
from spaic_jax.neurons.fields import OptionalParameter, Parameter, first_value, parameter
from spaic_jax.neurons.glif import GLIF
from spaic_jax.neurons.hh import HH
from spaic_jax.neurons.homeostatic_lif import ALIFSTDPEx, LIFSTDPEx
from spaic_jax.neurons.inhibitory_lif import LIFSTDPIh
from spaic_jax.neurons.integrate_and_fire import IF, IFSoftReset
from spaic_jax.neurons.integrate_and_fire_bias import IFB, NonSpikingIFB
from spaic_jax.neurons.izhikevich import Izhikevich
from spaic_jax.neurons.leaky_integrator import LeakyIntegrator
from spaic_jax.neurons.lif import LIF
from spaic_jax.neurons.lifint import LIFInt
from spaic_jax.neurons.lifm import LIFM
from spaic_jax.neurons.nonspiking_lif import NonSpikingLIF
from spaic_jax.neurons.null import Null
from spaic_jax.neurons.ode import ODE
from spaic_jax.neurons.pclif import PCLIF
from spaic_jax.neurons.plif import PLIF
from spaic_jax.neurons.quadratic_if import QuadraticIF
from spaic_jax.neurons.rate_fields import CANNField, MeanField
from spaic_jax.neurons.reparametrise import REPARAMETRISATIONS, Reparametrisation, Sigmoid
from spaic_jax.neurons.selif import SELIF
from spaic_jax.neurons.slif import SLIF
from spaic_jax.neurons.state import ModelState, shown, variable
from spaic_jax.neurons.threshold import Threshold
from spaic_jax.neurons.traub import TraubMiles

NEURONS: dict[str, type[NeuronModel]] = {
    "aclif": ACLIF,
    "adex": AEIF,
    "adlif": AdLIF,
    "aeif": AEIF,
    "alif": ALIF,
    "alifstdp_ex": ALIFSTDPEx,
    "cann_field": CANNField,
    "clif": CLIF,
    "clif2k": CLIF2K,
    "condlif": CondLIF,
    "constantcurrentlif": ConstantCurrentLIF,
    "cubali": CubaLI,
    "cubalif": CubaLIF,
    "darwin_alif": DarwinALIF,
    "darwin_clif": DarwinCLIF,
    "darwin_random": DarwinRandom,
    "diehlandcook": DiehlAndCook,
    "eif": ExponentialIF,
    "exponential_if": ExponentialIF,
    "glif": GLIF,
    "hh": HH,
    "if": IF,
    "ifb": IFB,
    "ifsoftreset": IFSoftReset,
    "izh": Izhikevich,
    "leaky_integrator": LeakyIntegrator,
    "lif": LIF,
    "lifint": LIFInt,
    "lifm": LIFM,
    "lifstdp_ex": LIFSTDPEx,
    "lifstdp_ih": LIFSTDPIh,
    "meanfield": MeanField,
    "nonspikingifb": NonSpikingIFB,
    "nonspikinglif": NonSpikingLIF,
    "null": Null,
    "pclif": PCLIF,
    "plif": PLIF,
    "qif": QuadraticIF,
    "qlif": QuadraticIF,
    "quadratic_if": QuadraticIF,
    "selif": SELIF,
    "slif": SLIF,
    "threshold": Threshold,
    "traub": TraubMiles,
}


def resolve_neuron(model: str | NeuronModel, **parameters: Any) -> NeuronModel:
    """The model of a name and its parameters, or the model itself.

    Raises:
        ValueError: unknown name or parameter, with the nearest right one.
    """
    return resolve("neuron model", NEURONS, NeuronModel, model, parameters)


__all__ = [
    "ACLIF", "AEIF", "ALIF", "ALIFSTDPEx", "AdLIF", "CANNField", "CLIF", "CLIF2K", "CondLIF", "ConstantCurrentLIF",
    "CubaLI", "CubaLIF", "DarwinALIF", "DarwinCLIF", "DarwinRandom", "DiehlAndCook", "ExponentialIF", "GLIF", "HH", "IF",
    "IFB", "IFSoftReset", "Izhikevich", "LIF", "LIFInt", "LIFM", "LIFSTDPEx", "LIFSTDPIh", "LeakyIntegrator",
    "MeanField", "ModelState", "NEURONS", "NeuronModel", "NonSpikingIFB", "NonSpikingLIF", "Null", "ODE", "OptionalParameter",
    "PCLIF", "PLIF", "Parameter", "PerNeuron", "QuadraticIF", "REPARAMETRISATIONS", "Reparametrisation", "SELIF", "SLIF", "Sigmoid",
    "SpikingModel", "Threshold", "TraubMiles", "coefficient", "custom_model", "first_value", "parameter", "resolve_neuron", "rows_model", "shown",
    "variable",
]
