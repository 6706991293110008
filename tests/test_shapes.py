"""The tests check shapes in signatures, and no user needs what checks them."""

import subprocess
import sys

import jax.numpy as jnp
import pytest
from jaxtyping import TypeCheckError

from spaic_jax.coding.decoders.smoothing import smooth
from spaic_jax.neurons import LIF
from spaic_jax.train.metrics import accuracy


def test_variables_of_a_state_have_one_shape():
    spikes = jnp.zeros((2, 3))
    assert LIF.State(V=spikes, O=spikes, refrac=None).V is spikes
    with pytest.raises(TypeCheckError):
        LIF.State(V=jnp.zeros((2, 4)), O=spikes, refrac=None)


def test_an_array_of_another_rank_or_dtype_is_found():
    assert smooth(jnp.ones((5, 2)), jnp.ones(3)).shape == (5, 2)
    with pytest.raises(TypeCheckError):
        LIF().spike(jnp.float32(1.0))


def test_what_a_function_refuses_it_refuses_itself():
    with pytest.raises(ValueError, match="accuracy got scores of shape"):
        accuracy(jnp.ones(3), jnp.zeros(3, "int32"))


def test_the_package_does_without_jaxtyping():
    program = (
        "import sys; sys.modules['jaxtyping'] = None\n"
        "import jax, spaic_jax\n"
        "from spaic_jax._shapes import Float, PerNeuron\n"
        "print(Float[jax.Array, 'batch'] is PerNeuron is jax.Array)"
    )
    assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == "True\n"
