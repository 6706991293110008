"""Networks in the neuromorphic intermediate representation (NIR), in which tools and chips exchange them."""

from spaic_jax.nir.report import EXACT, FOLDED, RefusedError, Report, Row, refused, rounded, rounding

__all__ = ["EXACT", "FOLDED", "RefusedError", "Report", "Row", "refused", "rounded", "rounding"]
