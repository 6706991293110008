"""Networks in the neuromorphic intermediate representation (NIR), in which tools and chips exchange them."""

from spaic_jax.nir.check import Comparison, Pair
from spaic_jax.nir.choices import Choices
from spaic_jax.nir.data import from_nir_data, to_nir_data
from spaic_jax.nir.execute import Executed, execute
from spaic_jax.nir.exporting import Exported, to_nir
from spaic_jax.nir.files import write
from spaic_jax.nir.graph import Graph, Node, read_graph
from spaic_jax.nir.importing import Imported, from_nir
from spaic_jax.nir.metadata import Written, written
from spaic_jax.nir.names import escaped, unescaped
from spaic_jax.nir.report import EXACT, FOLDED, RefusedError, Report, Row, refused, rounded, rounding

__all__ = [
    "EXACT", "FOLDED", "Choices", "Comparison", "Executed", "Exported", "Graph", "Imported", "Node", "Pair", "RefusedError", "Report",
    "Row", "Written", "escaped", "execute", "from_nir", "from_nir_data", "read_graph", "refused", "rounded", "rounding", "to_nir",
    "to_nir_data", "unescaped", "write", "written",
]
