"""Synapses from one group to another."""

import math
from typing import Any

from spaic_jax.network.element import Element
from spaic_jax.network.encoder import Encoder
from spaic_jax.network.group import NeuronGroup
from spaic_jax.synapses import Link, resolve_link


class Connection(Element):
    """Synapses from `pre` to `post`; several connections onto one group add up.

    Args:
        pre: the presynaptic encoder or group.
        post: the postsynaptic group; it may be `pre` itself.
        link_type: name of a link type (see `spaic_jax.synapses.LINKS`), or the link itself.
        name: name in the network; by default that of the attribute or variable it is bound to, else `"pre->post"`.
        pre_var_name: presynaptic variable that is carried; by default `"O"`, or `"V"` of a model without spikes.
        post_var_name: what the postsynaptic model receives it as, such as `"g_exc"` of `condlif`.
        delay: how long presynaptic values take, ms, a whole number of steps; it comes on top of what the propagation asks
            for, and 0 or `None` adds nothing.
        is_parameter: whether the weights are trained.
        **settings: the link's settings, such as `weight`, `bias`, `w_mean`, `w_std`.

    Raises:
        ValueError: unknown link type or setting, with the nearest right one; a negative delay.
        TypeError: an end that is no group (or encoder, for `pre`).

    Example:
        >>> layer = NeuronGroup(10, model="lif")
        >>> Connection(Encoder(num=4), layer, link_type="full", w_std=0.3).link.w_std
        0.3
    """

    def __init__(
        self,
        pre: Encoder | NeuronGroup,
        post: NeuronGroup,
        link_type: str | Link = "full",
        *,
        name: str | None = None,
        pre_var_name: str | None = None,
        post_var_name: str = "Isyn",
        delay: float | None = None,
        is_parameter: bool = True,
        **settings: Any,
    ):
        if not isinstance(pre, Encoder | NeuronGroup):
            raise TypeError(f"Connection: pre must be an Encoder or a NeuronGroup, not {pre!r}.")
        if not isinstance(post, NeuronGroup):
            raise TypeError(f"Connection: post must be a NeuronGroup, not {post!r}.")
        self._declare(
            pre=pre,
            post=post,
            link=resolve_link(link_type, **settings),
            name=name,
            pre_var_name=pre_var_name or pre.output,
            post_var_name=post_var_name,
            delay=_checked_delay(delay),
            is_parameter=is_parameter,
        )

    pre: Encoder | NeuronGroup
    post: NeuronGroup
    link: Link
    pre_var_name: str
    post_var_name: str
    delay: float | None
    is_parameter: bool


def _checked_delay(delay: float | None) -> float | None:
    if delay is None:
        return None
    if isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay < math.inf:
        raise ValueError(f"Connection: delay must be a number of milliseconds, not {delay!r}.")
    return float(delay) or None
