"""New networks from a network: none of these functions changes what it is given.

Members are given by path, such as `"cortex/hidden"`, or as themselves. Groups, connections and all else that stays as it
was is shared by the old and the new network; the assemblies of the new network are new objects, so call them by path.
The new network is a plain `Network`, also where the old one was of a class of its own.
"""

from spaic_jax.edit.copying import copy
from spaic_jax.edit.expansion import expand
from spaic_jax.edit.marks import add_type, hide, show
from spaic_jax.edit.members import add, delete, replace
from spaic_jax.edit.merging import merge
from spaic_jax.edit.selection import select

__all__ = ["add", "add_type", "copy", "delete", "expand", "hide", "merge", "replace", "select", "show"]
