"""Weights that follow from where a connection stands."""

import dataclasses
import math

from spaic_jax.network.slice import member_of
from spaic_jax.neurons.impulse import impulse
from spaic_jax.program import Context, FluctuationDriven, Site
from spaic_jax.synapses import Chain
from spaic_jax.synapses.links import Conv, Full, Link
from spaic_jax.synapses.links.weighted import Weighted


def placed(chain: Chain, site: Site, context: Context) -> Chain:
    """The chain of a connection, with the distribution of weights that are driven by fluctuations.

    Raises:
        ValueError: a model, link or synapse type for which it is not known; naming the connection.
    """
    link = chain.link
    if not isinstance(link, Weighted) or not isinstance(weight := link.weight, FluctuationDriven):
        return chain
    owner = site.owner.shared or site.owner
    try:
        if owner.post_var_name != "Isyn":
            raise ValueError(f"they are known of a current Isyn, not of {owner.post_var_name}.")
        for part in chain.after:
            raise ValueError(f"they are not known with {type(part).__name__} behind the link.")
        inputs = weight.inputs or _inputs(link, chain.site_of_link(site).takes)
        drawn = weight.weights(inputs, context.dt, *impulse(member_of(owner.post).model, context.dt))
    except ValueError as error:
        raise ValueError(f"connection '{site.name}': weights driven by fluctuations: {error}") from error
    return dataclasses.replace(chain, link=dataclasses.replace(link, weight=drawn))


def _inputs(link: Link, shape: tuple[int, ...]) -> int:
    """How many presynaptic neurons act on each postsynaptic one."""
    if type(link) is Full:
        return math.prod(shape)
    if type(link) is Conv:
        return shape[0] // link.groups * math.prod(link.kernel_size)
    raise ValueError(f"say how many inputs= each neuron has by a {type(link).__name__} link.")
