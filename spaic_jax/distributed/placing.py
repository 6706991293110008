"""Variables on the devices of a mesh."""

from jax.sharding import Mesh

from spaic_jax.plan.layout import Layout, as_layout
from spaic_jax.run import Simulator, Variables
from spaic_jax.run.start import placed


def place(sim: Simulator, variables: Variables, mesh: Mesh | Layout) -> Variables:
    """Variables on the devices of a mesh: each has its share of what belongs to samples, and whole parameters.

    What is run with them, and what `jax.jit` compiles for them, takes place there: the same numbers as on one device, but for the
    rounding of sums over samples, such as gradients, and one all-reduce for these. Inputs may come as they are, or be placed with
    `jax.sharding.NamedSharding(mesh, PartitionSpec(None, "data"))`. See `Layout` for an axis that shares out parameters.
    `Simulator.restart` and `Simulator.set` keep variables where they lie.

    Args:
        sim: what the variables are of.
        variables: from `init`, or from anywhere else.
        mesh: devices whose axis `"data"` shares out the batch; or a `Layout`, with rules of its own.

    Raises:
        ValueError: a batch that cannot be shared out evenly, with both numbers; variables of another network.

    Example:
        >>> import jax, numpy as np, spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=4)
        ...     layer = sj.NeuronGroup(3, model="lif")
        ...     synapses = sj.Connection(image, layer)
        >>> sim = sj.build(net, dt=1.0)
        >>> mesh = jax.sharding.Mesh(np.array(jax.devices()[:1]), ("data",))
        >>> placed = place(sim, sim.init(jax.random.key(0), batch_size=8), mesh)
        >>> tuple(placed["layer.V"].sharding.spec), tuple(placed["synapses.weight"].sharding.spec)
        (('data', None), (None, None))
    """
    return placed(sim.program, variables, as_layout(mesh))
