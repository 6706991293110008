"""Synapses from one group to another."""

import math
from collections.abc import Callable
from typing import Any, Self

from spaic_jax.network.element import Element
from spaic_jax.network.encoder import Encoder
from spaic_jax.network.group import NeuronGroup
from spaic_jax.synapses import Link, resolve_link


class Connection(Element):
    """Synapses from `pre` to `post`; several connections onto one group add up.

    Args:
        pre: the presynaptic encoder or group.
        post: the postsynaptic group; it may be `pre` itself.
        link_type: name of a link type (see `spaic_jax.synapses.LINKS`), or the link itself; by default `"full"`, or what
            `shared` has.
        name: name in the network; by default that of the attribute or variable it is bound to, else `"pre->post"`.
        pre_var_name: presynaptic variable that is carried; by default `"O"`, or `"V"` of a model without spikes.
        post_var_name: what the postsynaptic model receives it as, such as `"g_exc"` of `condlif`.
        delay: how long presynaptic values take, ms, a whole number of steps; it comes on top of what the propagation asks
            for, and 0 or `None` adds nothing.
        is_parameter: whether the weights are trained.
        shared: another connection, whose weights (with its bias, mask and indices) this one uses as its own: they are one
            variable, whose gradient is the sum of both. Its link and `is_parameter` hold here too.
        **settings: the link's settings, such as `weight`, `bias`, `w_mean`, `w_std`.

    Raises:
        ValueError: unknown link type or setting, with the nearest right one; a negative delay; settings or another link
            type beside `shared`.
        TypeError: an end that is no group (or encoder, for `pre`), a `shared` that is no connection.

    Example:
        >>> layer = NeuronGroup(10, model="lif")
        >>> Connection(Encoder(num=4), layer, link_type="full", w_std=0.3).link.w_std
        0.3
        >>> first = Connection(layer, layer, w_std=0.3)
        >>> Connection(layer, layer, shared=first, delay=2.0).link is first.link
        True
    """

    def __init__(
        self,
        pre: Encoder | NeuronGroup,
        post: NeuronGroup,
        link_type: str | Link | None = None,
        *,
        name: str | None = None,
        pre_var_name: str | None = None,
        post_var_name: str = "Isyn",
        delay: float | None = None,
        is_parameter: bool = True,
        shared: Self | None = None,
        **settings: Any,
    ):
        if not isinstance(pre, Encoder | NeuronGroup):
            raise TypeError(f"Connection: pre must be an Encoder or a NeuronGroup, not {pre!r}.")
        if not isinstance(post, NeuronGroup):
            raise TypeError(f"Connection: post must be a NeuronGroup, not {post!r}.")
        self._declare(
            pre=pre,
            post=post,
            link=_link(link_type, shared, settings),
            name=name,
            pre_var_name=pre_var_name or pre.output,
            post_var_name=post_var_name,
            delay=_checked_delay(delay),
            is_parameter=is_parameter,
            # What shares with one that shares itself shares with the first.
            shared=shared and (shared.shared or shared),
        )

    pre: Encoder | NeuronGroup
    post: NeuronGroup
    link: Link
    pre_var_name: str
    post_var_name: str
    delay: float | None
    is_parameter: bool
    shared: "Connection | None"

    def _check(self) -> None:
        if self.shared is not None:
            vars(self).update(link=self.shared.link, is_parameter=self.shared.is_parameter)

    def _line(self, name_of: Callable[[Element], str]) -> str:
        if self.shared is None:
            return super()._line(name_of)
        alone = self.exchanged(lambda other: other, shared=None)
        return f"{alone._line(name_of)}, weights of {name_of(self.shared)}"


def _link(link_type: str | Link | None, shared: Any, settings: dict[str, Any]) -> Link:
    """The link that a connection is declared with.

    Raises:
        ValueError: one that is not that of `shared`, or settings beside it.
        TypeError: a `shared` that is no connection.
    """
    if shared is None:
        return resolve_link("full" if link_type is None else link_type, **settings)
    if not isinstance(shared, Connection):
        raise TypeError(f"Connection: shared must be a Connection, not {shared!r}.")
    if settings:
        raise ValueError(f"Connection: {', '.join(sorted(settings))} came beside shared, whose settings hold.")
    given = shared.link if link_type is None else resolve_link(link_type)
    if type(given) is not type(shared.link):
        raise ValueError(
            f"Connection: link_type {type(given).__name__} came beside shared, whose link is a {type(shared.link).__name__}."
        )
    return shared.link


def _checked_delay(delay: float | None) -> float | None:
    if delay is None:
        return None
    if isinstance(delay, bool) or not isinstance(delay, int | float) or not 0 <= delay < math.inf:
        raise ValueError(f"Connection: delay must be a number of milliseconds, not {delay!r}.")
    return float(delay) or None
