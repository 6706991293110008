"""What the synapses of a connection are, as arrays: the matrix of its weights, now, and how long each takes."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from spaic_jax.lowering import in_order
from spaic_jax.network import Connection, Network
from spaic_jax.program import Context, Fragment, Site
from spaic_jax.program.evaluate import call
from spaic_jax.program.op import base_name
from spaic_jax.synapses import Synapse, SynapticDelay, sharing
from spaic_jax.synapses.links.weighted import Weighted

#: More numbers than a matrix is written of.
_LARGEST = 2**28


class Synapses:
    """The numbers of one connection.

    Args:
        connection: what was declared.
        name: its full name.
        network: which it is in.
        values: of all variables, by full name.
        dt: ms.
    """

    def __init__(self, connection: Connection, name: str, network: Network, values: Mapping[str, Any], dt: float):
        self.connection, self.name, self.network, self.dt = connection, name, network, dt
        self.owner = network.name_of(connection.shared or connection)
        self.values = values

    def own(self, variable: str, default: Any = None) -> Any:
        """A variable of it, or of the connection whose weights it shares."""
        return self.values.get(f"{self.owner}.{variable}", default)

    @property
    def pre(self) -> int:
        """Number of presynaptic neurons of what it reads."""
        return int(np.prod(self.connection.pre.shape))

    @property
    def post(self) -> int:
        """Number of postsynaptic neurons of what it acts on."""
        return int(np.prod(self.connection.post.shape))

    @property
    def quantized(self) -> bool:
        """Whether it computes with its weights rounded."""
        link = self.connection.link
        return isinstance(link, Weighted) and link.weight_quantization

    def weight(self) -> np.ndarray:
        """The weights as they are carried: an array `(post, pre)`, `(post,)` or that of a kernel."""
        weight = np.asarray(self.own("weight"))
        if self.quantized:
            weight = np.clip(np.round(weight), -128, 128)
        mask, start = self.own("mask"), self.own("start")
        if start is not None:
            return self._placed(weight)
        return weight if mask is None else np.where(np.asarray(mask), weight, np.zeros_like(weight))

    def bias(self) -> np.ndarray | None:
        """The bias, if there is one."""
        bias = self.own("bias")
        return None if bias is None else np.asarray(bias)

    def _ends(self) -> tuple[np.ndarray, np.ndarray]:
        start = np.asarray(self.own("start"))
        return np.asarray(self.own("post")), np.repeat(np.arange(len(start) - 1), np.diff(start))

    def _placed(self, numbers: np.ndarray) -> np.ndarray:
        """One number a synapse, as a matrix; several synapses of a pair add up."""
        self.check_size()
        matrix = np.zeros((self.post, self.pre), np.float64)
        np.add.at(matrix, self._ends(), numbers.astype(np.float64))
        exact = matrix.astype(numbers.dtype)
        return exact if (exact == matrix).all() else matrix

    def check_size(self) -> None:
        """ValueError for more numbers than a matrix is written of."""
        if self.post * self.pre > _LARGEST:
            raise ValueError(
                f"its matrix would have {self.post} x {self.pre} numbers, more than {_LARGEST}: write a smaller network, or one whose"
                " connections are 'full' or 'conv'."
            )

    def delayed(self) -> list[tuple[int, np.ndarray]]:
        """For every number of steps that a synapse takes, the matrix of what arrives so late."""
        delay = self.connection.delay
        assert isinstance(delay, SynapticDelay)
        slots = delay.slots(self.dt, self.name)
        times = jnp.asarray(self.own("delay"))
        given = [jnp.asarray(self.own(name)) for name in delay.given]
        shares = np.asarray(type(delay).shares(times, *given, slots=slots, dt=self.dt), np.float64)
        weight = np.asarray(self.own("weight"))
        weight = np.clip(np.round(weight), -128, 128) if self.quantized else weight
        if self.own("start") is not None:
            matrices = [(k, self._placed(weight * share.astype(weight.dtype))) for k, share in enumerate(shares) if share.any()]
        else:
            weight = self.weight()
            matrices = [(k, _exactly(weight, share)) for k, share in enumerate(shares)]
        return [(k, matrix) for k, matrix in matrices if matrix.any()] or [(0, np.zeros((self.post, self.pre), np.float32))]

    def matrix(self) -> tuple[np.ndarray, np.ndarray]:
        """The matrix and the constant of everything that the connection does, by carrying it out on each presynaptic neuron."""
        self.check_size()
        run, biased = self._rows(), {}
        for name, value in self.values.items():
            if name.startswith(f"{self.owner}.") and name.rpartition(".")[2] in ("bias", "shift", "running_mean"):
                biased[name] = jnp.zeros_like(value)
        shape = self.connection.pre.shape
        constant = np.asarray(run(jnp.zeros((1, *shape)), {}))[0]
        columns = [
            np.asarray(run(jnp.eye(self.pre)[i : i + 256].reshape(-1, *shape), biased)) for i in range(0, self.pre, 256)
        ]
        return np.concatenate(columns).T.copy(), constant

    def _rows(self) -> Callable[[jax.Array, Mapping[str, Any]], jax.Array]:
        """What the connection does at rest with some samples, as one row each."""
        connection, members = self.connection, self.network.of_kind(object)
        context = Context(self.dt, members, self.network.name_of, _nothing, lambda group: frozenset())
        site = Site(self.name, "[taken]", "[given]", connection.pre.shape, connection.post.shape, connection)
        made: Fragment = connection.chain.lower(site, context)
        if connection.shared is not None:
            made = sharing(made, self.name, self.owner)
        ops = in_order([op for op in made.ops if op.when != "learning"], set())

        def run(samples: jax.Array, changed: Mapping[str, Any]) -> jax.Array:
            env = {**self.values, **changed, "[taken]": samples}
            for op in ops:
                env |= zip(op.outputs, call(op, [env[base_name(read)] for read in op.inputs]), strict=True)
            given: jax.Array = env["[given]"]
            return given.reshape(len(samples), -1)

        return run


def _exactly(weight: np.ndarray, share: np.ndarray) -> np.ndarray:
    """The share of a weight: in its own dtype where all of it or nothing is meant."""
    whole = ((share == 0) | (share == 1)).all()
    return weight * share.astype(weight.dtype if whole else np.float64)


def _nothing(*_: Any) -> str:
    raise ValueError("it reads more than what its connection gives.")


def part_of(synapse: Synapse, connection: Connection, name: str) -> str:
    """The prefix of the variables of a synapse type."""
    site = Site(name, takes=connection.pre.shape, gives=connection.post.shape, owner=connection)
    chain = connection.chain
    return next(each.name for part, each in zip(chain.parts, chain.sites(site), strict=False) if part is synapse)
