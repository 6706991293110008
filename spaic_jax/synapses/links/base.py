"""What a link type is: how the spikes of one group become the input of another."""

import abc
import dataclasses
from typing import Any, ClassVar, Self

from spaic_jax.program import Context, Fragment, Site


@dataclasses.dataclass(frozen=True, kw_only=True, eq=False)
class Link(abc.ABC):
    """A frozen dataclass of a link's settings that lowers to variables and rows."""

    #: What `syn_type` calls the link itself.
    own: ClassVar[str] = "basic"
    #: `syn_type` where it is not given.
    usual: ClassVar[tuple[str, ...]] = ()
    #: Whether each synapse may have a delay of its own.
    delays_synapses: ClassVar[bool] = False
    #: Whether it reads the previous step wherever it stands, so that it makes no loop of what it joins.
    reads_late: ClassVar[bool] = False

    def reads_from(self, connection: Any) -> tuple[tuple[Any, str], ...]:
        """The variables that it reads of the ends of its connection, as `(member, variable)`."""
        return ((connection.pre, connection.pre_var_name),)

    def writes_to(self, connection: Any) -> tuple[tuple[Any, str], ...]:
        """What it adds to inputs of the ends of its connection, as `(group, variable)`."""
        return ((connection.post, connection.post_var_name),)

    def makes(self, pre_shape: tuple[int, ...], post_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape of a sample of what it gives; `post_shape` is that of the postsynaptic group."""
        return post_shape

    def settled(self, site: Site, context: Context) -> Self:
        """The same link, with what follows from its site, such as from delays, said."""
        return self

    @abc.abstractmethod
    def lower(self, site: Site, context: Context) -> Fragment:
        """The variables of the link, and the rows that write `site.target` from `site.source`."""
