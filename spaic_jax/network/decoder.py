"""The node through which decisions leave."""

import dataclasses
from typing import Any

from spaic_jax.coding.decoders import Decoding, resolve_decoder
from spaic_jax.network.element import Element, named
from spaic_jax.network.group import NeuronGroup
from spaic_jax.program import Context, Fragment, Site


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Decoder(Element):
    """Turns what a group does over a run into an output: the result's `outputs[name]`, `[B, ...]`.

    Args:
        num: number of neurons looked at; must be that of `dec_target`, or left out.
        dec_target: the group.
        coding_method: name of a decoding (see `spaic_jax.coding.DECODERS`), or the decoding itself.
        name: name in the network; by default that of the attribute or variable it is bound to.
        coding_var_name: the variable looked at; by default what the decoding reads.
        **settings: the decoding's settings.

    Raises:
        ValueError: unknown decoding or setting (with the nearest right one), or `num` is not the target's.
        TypeError: `dec_target` is no group.

    Example:
        >>> layer = NeuronGroup(10, model="lif")
        >>> Decoder(num=10, dec_target=layer, coding_method="spike_counts").coding_var_name
        'O'
    """

    def __init__(
        self,
        num: int | None = None,
        dec_target: NeuronGroup | None = None,
        coding_method: str | Decoding = "spike_counts",
        *,
        name: str | None = None,
        coding_var_name: str | None = None,
        **settings: Any,
    ):
        if not isinstance(dec_target, NeuronGroup):
            raise TypeError(f"Decoder: dec_target must be a NeuronGroup, not {dec_target!r}.")
        if num is not None and num != dec_target.num:
            raise ValueError(f"Decoder: num is {num}, but its target has {dec_target.num} neurons.")
        decoding = resolve_decoder(coding_method, **settings)
        variable = coding_var_name or decoding.reads or dec_target.output
        self._declare(dec_target=dec_target, decoding=decoding, name=name, coding_var_name=variable)

    def _check(self) -> None:
        self.decoding.check(self.dec_target.num)
        self.decoding.check_shape(self.dec_target.shape)

    dec_target: NeuronGroup
    decoding: Decoding = dataclasses.field(metadata=named("coding_method"))
    coding_var_name: str

    def lower(self, site: Site, context: Context) -> Fragment:
        """What a run keeps for it."""
        source = f"{context.name_of(self.dec_target)}.{self.coding_var_name}"
        return self.decoding.lower(dataclasses.replace(site, source=source, takes=self.dec_target.shape), context)
