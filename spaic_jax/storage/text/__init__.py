"""Networks as plain dictionaries, such as a TOML or JSON file holds, and back.

What stands there follows from the fields of the elements, and of the models, links and rules in them: a new field or a new
element needs nothing here.
"""

from spaic_jax.storage.text.read import from_dict
from spaic_jax.storage.text.write import to_dict

__all__ = ["from_dict", "to_dict"]
