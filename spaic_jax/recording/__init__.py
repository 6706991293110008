"""Long runs in chunks, and what is kept of them: in memory, or in a folder that a killed run can be resumed from."""

from spaic_jax.recording.recording import Recording
from spaic_jax.recording.simulate import resume, simulate

__all__ = ["Recording", "resume", "simulate"]
