"""Complex spikes: their real part is an amplitude, their imaginary part a time within the step, in steps.

Such a spike turns the phase of its target on by `beta ** time`; a delay that is no whole number of steps adds
the rest of its last step to the time.
"""

from __future__ import annotations

from collections.abc import Sequence

import jax
import jax.numpy as jnp
from jax.typing import ArrayLike

from spaic_jax.ops._check import array, broadcast, cast, fitted, known, real
from spaic_jax.ops._convolution import add_bias, correlated


def _weight(op: str, name: str, value: ArrayLike, ndim: int, form: str) -> jax.Array:
    x = array(op, name, value)
    if x.ndim != ndim:
        raise ValueError(f"{op} got {name} of shape {x.shape}, but needs {form}.")
    if x.dtype not in (jnp.float32, jnp.float64):
        raise TypeError(
            f"{op} got {name} of dtype {x.dtype}, "
            "but needs float32 or float64: the spikes are the complex part."
        )
    return x


def _rest_of_step(op: str, delay: ArrayLike, dt: ArrayLike | None) -> jax.Array:
    """`ceil(delay / dt) - delay / dt`, the part of a delay's last step that it leaves, in steps."""
    if dt is None:
        raise ValueError(f"{op} got a delay without dt, but needs the length of a step in ms, as dt= (a row reads it as '[dt]').")
    step = known(dt)
    if step is not None and not (step > 0).all():
        raise ValueError(f"{op} got dt={dt}, but needs a positive length in ms.")
    given = {"delay": delay, "dt": dt}
    arrays = {name: real(op, name, array(op, name, value)) for name, value in given.items()}
    lag, length = broadcast(op, **arrays)
    lag = lag / length
    # 0.3 / 0.1 is a little more than 3 in binary: within rounding, it is 3 steps and leaves no rest, rather
    # than one step.
    nearest = jnp.round(lag)
    whole = jnp.abs(lag - nearest) <= 4 * jnp.finfo(lag.dtype).eps * jnp.abs(lag)
    return jnp.where(whole, nearest, jnp.ceil(lag)) - lag


def _turned(spikes: jax.Array, beta: jax.Array, rest: jax.Array | None) -> jax.Array:
    """`beta ** (time + rest) * i * amplitude` of complex spikes; all of one shape."""
    amplitude, time = spikes.real, spikes.imag
    exponent = time if rest is None else time + rest.astype(time.dtype)
    zero = jnp.zeros_like(exponent)
    turn = jnp.power(beta.astype(spikes.dtype), jax.lax.complex(exponent, zero))
    return turn * jax.lax.complex(zero, amplitude)


def _imaginary(x: jax.Array) -> jax.Array:
    return jax.lax.complex(jnp.zeros_like(x), x)


def _synaptic(op: str, A: ArrayLike, post: int, pre: int, delayed: bool) -> jax.Array:
    """Spikes as `(..., post, pre)`, or `(..., 1, pre)` where all targets see the same."""
    form = "(..., pre, post), with a delay" if delayed else "(..., pre), without a delay"
    a = array(op, "A", A, 2 if delayed else 1, form)
    if a.shape[-1 - delayed :] != ((pre, post) if delayed else (pre,)):
        raise ValueError(f"{op} got A of shape {a.shape} for pre={pre} and post={post}, but needs {form}.")
    return jnp.swapaxes(a, -1, -2) if delayed else jnp.expand_dims(a, -2)


def mat_mult_weight_complex(
    A: ArrayLike, X: ArrayLike, beta: ArrayLike, delay: ArrayLike | None = None,
    dt: ArrayLike | None = None,
) -> jax.Array:
    """A weight applied to complex spikes.

        y[post] = i sum_pre X[post, pre] beta[post] ** e Re(A[pre]),    e = Im(A[pre])

    With a delay `d = delay[post, pre]`, `A[pre, post]` stands for `A[pre]`, and `ceil(d / dt) - d / dt` is
    added to `e`. A real `A` has no time within the step: the power is left out.

    Args:
        A: spikes, `(..., pre)`; with a delay, those that reach each synapse, `(..., pre, post)`.
        X: real weight, `(post, pre)`.
        beta: phase factor of a step, a number or `(post,)`.
        delay: in ms, what broadcasts to `(post, pre)`.
        dt: length of a step in ms; needed with a delay. A row of an op list reads it as `[dt]`.

    Returns:
        `(..., post)`, complex.

    Raises:
        ValueError: shapes that do not match, a delay without dt.
        TypeError: a complex weight or delay.

    Source: SPAIC, which takes dt from its backend, and one step of rest for a delay of whole steps that
    rounding lifts above them.

    >>> spikes = jnp.array([[1 + 0.5j, 0j]])
    >>> mat_mult_weight_complex(spikes, jnp.ones((1, 2)), jnp.array([-1 + 0j])).real.round(3).tolist()
    [[-1.0]]
    """
    op = "mat_mult_weight_complex"
    weight = _weight(op, "X", X, 2, "(post, pre)")
    spikes = _synaptic(op, A, weight.shape[0], weight.shape[1], delay is not None)
    factor = array(op, "beta", beta)
    if factor.shape not in ((), weight.shape[:1]):
        raise ValueError(
            f"{op} got beta of shape {factor.shape}, "
            f"but needs a number or {weight.shape[:1]}, one a target."
        )
    rest = None if delay is None else fitted(op, "delay", _rest_of_step(op, delay, dt), weight.shape)
    if not jnp.iscomplexobj(spikes):
        spikes, weight = cast(op, A=spikes, X=weight)
        if delay is None:
            return _imaginary(jnp.tensordot(jnp.squeeze(spikes, -2), weight, axes=((-1,), (-1,))))
        return _imaginary(jnp.sum(spikes * jnp.broadcast_to(weight, spikes.shape), axis=-1))
    full = (*spikes.shape[:-2], *weight.shape)
    turned = _turned(
        jnp.broadcast_to(spikes, full), jnp.broadcast_to(jnp.reshape(factor, (-1, 1)), full),
        None if rest is None else jnp.broadcast_to(rest, full),
    )
    return jnp.sum(turned * jnp.broadcast_to(weight.astype(turned.dtype), full), axis=-1)


def mat_mult_weight_2complex(
    A: ArrayLike, X: ArrayLike, beta: ArrayLike, delay: ArrayLike | None = None,
    dt: ArrayLike | None = None,
) -> jax.Array:
    """`K` weights applied to spikes.

        y[post, k] = i sum_pre X[post, pre, k] beta[post, pre] ** e Re(A[pre])

    The exponent `e` is that of `mat_mult_weight_complex`. A real `A` gives the real
    `sum_pre X[post, pre, k] A[pre]`.

    Args:
        A: spikes, `(..., pre)`; with a delay, `(..., pre, post)`.
        X: real weight, `(post, pre, K)`.
        beta: phase factor of a step; what broadcasts to `(post, pre)`.
        delay: in ms, what broadcasts to `(post, pre)`.
        dt: length of a step in ms; needed with a delay. A row of an op list reads it as `[dt]`.

    Returns:
        `(..., post, K)`.

    Raises:
        ValueError: shapes that do not match, a delay without dt.
        TypeError: a complex weight or delay.

    Source: SPAIC, which ignores the delay; here it counts.

    >>> mat_mult_weight_2complex(jnp.ones((4, 3)), jnp.ones((5, 3, 2)), 1.0).shape
    (4, 5, 2)
    """
    op = "mat_mult_weight_2complex"
    weight = _weight(op, "X", X, 3, "(post, pre, K)")
    synapses = weight.shape[:2]
    spikes = _synaptic(op, A, synapses[0], synapses[1], delay is not None)
    factor = fitted(op, "beta", array(op, "beta", beta), synapses)
    rest = None if delay is None else fitted(op, "delay", _rest_of_step(op, delay, dt), synapses)
    full = (*spikes.shape[:-2], *synapses)
    spikes = jnp.broadcast_to(spikes, full)

    def weighted(values: jax.Array) -> jax.Array:
        values, kernel = cast(op, A=values, X=weight)
        return jnp.einsum("...op,opk->...ok", values, kernel)

    if not jnp.iscomplexobj(spikes):
        return weighted(spikes)
    turned = _turned(
        spikes, jnp.broadcast_to(factor, full), None if rest is None else jnp.broadcast_to(rest, full)
    )
    return jax.lax.complex(weighted(turned.real), weighted(turned.imag))


def conv_2d_complex(
    x: ArrayLike, kernel: ArrayLike, stride: int | Sequence[int], padding: int | Sequence[int],
    dilation: int | Sequence[int], groups: int, beta: ArrayLike, bias: ArrayLike | None = None,
    delay: ArrayLike | None = None, dt: ArrayLike | None = None,
) -> jax.Array:
    """A real kernel applied to complex spikes.

        y = conv_2d(Re z) + i conv_2d(Im z),    z = i beta ** e Re(x),    e = Im(x)

    With a delay `d`, `ceil(d / dt) - d / dt` is added to `e`. A real `x` gives `z = i x`.

    Args:
        x: spikes, `(..., C, H, W)`.
        kernel: real, `(out, C / groups, kh, kw)`.
        stride: as padding, dilation and groups, that of `conv_2d`.
        padding: see above.
        dilation: see above.
        groups: see above.
        beta: phase factor of a step; what broadcasts to `x`.
        bias: real, `(out,)`, added to both parts.
        delay: in ms, what broadcasts to `x`.
        dt: length of a step in ms; needed with a delay. A row of an op list reads it as `[dt]`.

    Raises:
        ValueError: what `conv_2d` raises, a delay without dt.
        TypeError: a complex kernel, bias or delay.

    Source: SPAIC.

    >>> conv_2d_complex(jnp.ones((2, 3, 7, 7)), jnp.ones((4, 3, 3, 3)), 1, 1, 1, 1, 1.0).dtype
    dtype('complex64')
    """
    op = "conv_2d_complex"
    spikes = array(op, "x", x, 3, "(..., C, H, W)")
    weight = _weight(op, "kernel", kernel, 4, "(out, in / groups, kh, kw)")
    if bias is not None:
        bias = real(op, "bias", array(op, "bias", bias))
    factor = fitted(op, "beta", array(op, "beta", beta), spikes.shape)
    rest = None if delay is None else fitted(op, "delay", _rest_of_step(op, delay, dt), spikes.shape)

    def convolved(maps: jax.Array) -> jax.Array:
        return correlated(op, maps, weight, stride, padding, dilation, groups, None)

    if jnp.iscomplexobj(spikes):
        turned = _turned(spikes, factor, rest)
        parts = [convolved(turned.real), convolved(turned.imag)]
    else:
        maps = convolved(spikes)
        parts = [jnp.zeros_like(maps), maps]
    return jax.lax.complex(*(add_bias(op, part, bias, 2) for part in parts))
