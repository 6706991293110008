"""From a declared network, or a program written by hand, to a simulator."""

from typing import get_args

from spaic_jax._errors import unknown
from spaic_jax._numbers import whole
from spaic_jax.lowering import Propagation, lower
from spaic_jax.network import Network
from spaic_jax.plan import Plan, Reference, Tiled
from spaic_jax.plan.products import Products
from spaic_jax.program import Program
from spaic_jax.run.check import check_given
from spaic_jax.run.compiled import Precision
from spaic_jax.run.simulator import Simulator


def build(
    network: Network | Program,
    dt: float | None = None,
    propagation: Propagation = "same_step",
    *,
    plan: Plan | None = None,
    precision: Precision | None = None,
    products: Products | None = None,
    debug: bool = False,
    blocks: int = 1,
) -> Simulator:
    """Build the simulator of a network or a program. Nothing is computed yet, and no device is touched.

    Args:
        network: what was declared, or a `Program`.
        dt: length of a step, ms; 0.1 by default, as in SPAIC. A program has its own.
        propagation: whether connections outside loops carry this step's spikes (`"same_step"`) or all connections the
            previous step's (`"one_step"`, how SPAIC builds by default). A program has its own reads.
        plan: how steps are carried out: `Tiled(tile=..., remat=...)`, which does many steps at once where nothing loops
            and is the default, or `Reference()`, one scan of the whole step, which all results are held to.
        precision: of matrix products: `"float32"`, `"tensorfloat32"`, `"bfloat16"`, or `None` for the device's default.
        products: how the products of layers are computed, `"auto"`, `"dense"` or `"events"`: see `Tiled`, which a plan that
            is given says itself.
        debug: look at every variable after every step, and raise FloatingPointError naming the first that is not finite
            or absurdly large, with the step; by the reference plan, unless another one is given. Without it a run says
            so in `result.health`.
        blocks: in how many blocks of equally many neurons each group is taken, where that divides it, and the synapses onto
            them that are stored as pairs. So a mesh whose axis `"model"` divides the blocks gives each device its share of
            one large network: see `spaic_jax.place`. The numbers do not depend on it, but arrays of synapses have other shapes.

    Raises:
        ValueError: a network that cannot run, naming the member; `dt` that is not positive, or given beside a program; a
            given value outside the bounds of its variable (drawn ones are clipped).
        TypeError: when `network` is neither, or `plan` is no plan.

    Example:
        >>> import spaic_jax as sj
        >>> with sj.Network() as net:
        ...     image = sj.Encoder(num=4)
        ...     layer = sj.NeuronGroup(3, model="lif")
        ...     synapses = sj.Connection(image, layer)
        >>> sj.build(net, dt=1.0).program.dt
        1.0
    """
    blocks = whole(blocks, "blocks", least=1)
    if isinstance(network, Program):
        if dt is not None or propagation != "same_step" or blocks != 1:
            raise ValueError("a program has its own dt and reads: give dt, propagation and blocks with a network only.")
        program = network
    elif isinstance(network, Network):
        program = lower(network, 0.1 if dt is None else dt, propagation, blocks)
    else:
        raise TypeError(f"build needs a Network or a Program, not {network!r}.")
    if precision is not None and precision not in get_args(Precision):
        raise ValueError(unknown("precision", precision, get_args(Precision)))
    if plan is not None and products is not None:
        raise ValueError(f"products={products!r} goes into the plan that is given: Tiled(products={products!r}).")
    if plan is None:
        plan = Reference() if debug and products is None else Tiled(products=products or "auto")
    if not isinstance(plan, Plan):
        raise TypeError(f"plan must be a plan such as Tiled() or Reference(), not {plan!r}.")
    check_given(program)
    return Simulator(program, plan, precision, debug)
