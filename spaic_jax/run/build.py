"""From a declared network, or a program written by hand, to a simulator."""

from typing import get_args

from spaic_jax._errors import unknown
from spaic_jax.lowering import Propagation, lower
from spaic_jax.network import Network
from spaic_jax.plan import ReferencePlan, TiledPlan
from spaic_jax.plan.remat import Remat, check_remat
from spaic_jax.program import Program
from spaic_jax.run.simulator import Precision, Simulator


def build(
    network: Network | Program,
    dt: float | None = None,
    propagation: Propagation = "same_step",
    *,
    tile: int | None = None,
    remat: Remat = None,
    precision: Precision | None = None,
    reference: bool = False,
) -> Simulator:
    """Build the simulator of a network or a program. Nothing is computed yet, and no device is touched.

    Args:
        network: what was declared, or a `Program`.
        dt: length of a step, ms; 0.1 by default, as in SPAIC. A program has its own.
        propagation: whether connections outside loops carry this step's spikes (`"same_step"`) or all connections the
            previous step's (`"one_step"`, how SPAIC builds by default). A program has its own reads.
        tile: steps done at once where nothing loops; chosen by a cost model when `None`.
        remat: what the backward pass keeps: `None` all it needs, `"step"` the state of every step, `Chunk(steps)` the
            state before every chunk, `"auto"` or `Auto(budget)` as much as fits a number of bytes.
        precision: of matrix products: `"float32"`, `"tensorfloat32"`, `"bfloat16"`, or `None` for the device's default.
        reference: run the reference plan, one scan of the whole step, which all results are held to.

    Raises:
        ValueError: a network that cannot run, naming the member; `dt` that is not positive, or given beside a program.
        TypeError: when `network` is neither.

    Example:
        >>> import spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=4)
        ...     layer = sj.NeuronGroup(3, model="lif")
        ...     synapses = sj.Connection(image, layer)
        >>> sj.build(net, dt=1.0).program.dt
        1.0
    """
    if isinstance(network, Program):
        if dt is not None or propagation != "same_step":
            raise ValueError("a program has its own dt and reads: give dt and propagation with a network only.")
        program = network
    elif isinstance(network, Network):
        program = lower(network, 0.1 if dt is None else dt, propagation)
    else:
        raise TypeError(f"build needs a Network or a Program, not {network!r}.")
    policy = check_remat(remat)
    if precision is not None and precision not in get_args(Precision):
        raise ValueError(unknown("precision", precision, get_args(Precision)))
    if reference and (tile is not None or policy is not None):
        raise ValueError("the reference plan has no tiles and keeps everything: leave out tile and remat.")
    return Simulator(program, ReferencePlan(program) if reference else TiledPlan(program, tile, policy), precision)
