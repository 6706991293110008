"""The synapse types that NIR can say, each as the next node of a chain."""

from collections.abc import Callable
from typing import Any

import numpy as np

from spaic_jax.nir.report import EXACT, FOLDED
from spaic_jax.nir.synapses import part_of
from spaic_jax.nir.wires import Wire
from spaic_jax.synapses import (
    AvgPool,
    BatchNorm2d,
    Connectivity,
    ContinuousLocal,
    Conv,
    ConvTranspose,
    Dropout,
    FirstOrder,
    Flatten,
    Homeostasis,
    SumPool,
    Upsample,
)
from spaic_jax.synapses.links.direct import Passing

#: What has no node of its own, but is a matrix.
MATRICES = (ContinuousLocal, ConvTranspose, Upsample)


def _nothing(wire: Wire, part: Any) -> None:
    """It does nothing at rest."""


def _pool(wire: Wire, part: AvgPool | SumPool) -> None:
    windows = {
        "kernel_size": part.pool_kernel_size, "stride": part.pool_stride, "padding": part.pool_padding,
    }
    arrays: dict[str, Any] = {name: np.array(value) for name, value in windows.items()}
    wire.add("AvgPool2d" if isinstance(part, AvgPool) else "SumPool2d", "pool", part.makes(wire.shape), **arrays)


def _link(wire: Wire, link: Connectivity) -> None:
    weight, bias = wire.synapses.weight(), wire.synapses.bias()
    verdict = FOLDED if wire.synapses.quantized else EXACT
    if weight.ndim == 1 and bias is None:
        wire.add("Scale", "", verdict=verdict, scale=weight.reshape(wire.shape))
        return
    wire.linear(np.diag(weight) if weight.ndim == 1 else weight, bias, verdict)


def _conv(wire: Wire, link: Conv) -> None:
    weight, bias = wire.synapses.weight(), wire.synapses.bias()
    arrays = {
        "input_shape": tuple(wire.shape[1:]), "weight": weight, "stride": link.stride, "dilation": link.dilation, "groups": link.groups,
        "padding": link.padding, "bias": np.zeros(len(weight), weight.dtype) if bias is None else bias,
    }
    gives = link.makes(wire.shape, wire.connection.post.shape)
    wire.add("Conv2d", "", gives, FOLDED if wire.synapses.quantized else EXACT, **arrays)


def _batchnorm(wire: Wire, part: BatchNorm2d) -> None:
    synapses = wire.synapses
    own = part_of(part, wire.connection, synapses.owner)
    mean, var, scale, shift = (
        np.asarray(synapses.values[f"{own}.{name}"], np.float64) for name in ("running_mean", "running_var", "weight", "bias")
    )
    gain = scale / np.sqrt(var + 1e-5)
    added = shift - mean * gain
    if not wire.fold(gain, added):
        wire.add(
            "Conv2d", "batchnorm", None, FOLDED, input_shape=tuple(wire.shape[1:]), weight=gain[:, None, None, None], bias=added,
            stride=(1, 1), padding=(0, 0), dilation=(1, 1), groups=len(gain),
        )


def _homeostasis(wire: Wire, part: Homeostasis) -> None:
    own = part_of(part, wire.connection, wire.synapses.owner)
    gain, shift = (np.asarray(wire.synapses.values[f"{own}.{name}"], np.float64).ravel() for name in ("gain", "shift"))
    if not (wire.nodes and wire.nodes[-1].kind != "Conv2d" and wire.fold(gain, shift)):
        wire.linear(np.diag(gain), shift, FOLDED, "homeostasis")


def _first_order(wire: Wire, part: FirstOrder) -> None:
    own, cell = part_of(part, wire.connection, wire.synapses.name), wire.cell
    tau = np.broadcast_to(np.asarray(wire.synapses.values[f"{own}.tau"], np.float64), wire.shape).copy()
    leak = cell.exact(tau)
    wire.add("LI", "current", tau=cell.tau(leak), r=cell.r(np.ones(wire.shape), leak), v_leak=np.zeros(wire.shape))


#: What writes each synapse type that has a node, or needs none.
WRITTEN: dict[Any, Callable[[Wire, Any], None]] = {
    AvgPool: _pool, BatchNorm2d: _batchnorm, Connectivity: _link, Conv: _conv, Dropout: _nothing, FirstOrder: _first_order,
    Flatten: lambda wire, part: wire.flat(), Homeostasis: _homeostasis, Passing: _nothing, SumPool: _pool,
}
