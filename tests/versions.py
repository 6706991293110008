"""What differs between the versions of JAX that the tests run on."""

import jax

enable_x64 = jax.enable_x64 if hasattr(jax, "enable_x64") else jax.experimental.enable_x64
