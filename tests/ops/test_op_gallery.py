"""One program that uses every op, in both plans."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from op_support import RECORDS, close
from test_op_goldens import _call

import spaic_jax as sj
from spaic_jax import Op, Program, Record, Variable, ops
from spaic_jax.program import Given


def gain(array, x):
    """An array of the op's, times a power of two that changes from step to step."""
    return array * x[0].astype(array.dtype) if jnp.issubdtype(array.dtype, jnp.inexact) else array


def calls():
    """For each op a function of arrays, and the arrays."""
    for name in ops.REGISTRY:
        recorded = next((record for record in RECORDS if record.partition("#")[0] == name), None)
        if recorded is not None:
            yield name, *_call(recorded)
        elif name == "sparse_to_dense":
            index = np.array([[0, 1], [2, 0]], np.int32)
            yield name, functools.partial(ops.sparse_to_dense, shape=(2, 3)), [index, np.array([1.5, -2.0], np.float32)]
        elif name == "to_tensor":
            yield name, ops.to_tensor, [np.arange(3, dtype=np.int32)]
        elif name == "add_with_clamp":
            yield name, ops.add_with_clamp, [np.array([3e4, -5.0], np.float32), np.array([2e4, 7.0], np.float32)]
        elif name == "sum_pool2d":
            maps = np.arange(24, dtype=np.float32).reshape(1, 4, 6)
            yield name, functools.partial(ops.sum_pool2d, pool_kernel=2, pool_stride=2), [maps]
        elif name == "scatter":
            index = np.array([[0, 1], [1, 0]], np.int32)
            x = np.arange(4, dtype=np.float32).reshape(2, 2)
            yield name, ops.scatter, [x, index, -x]
        else:
            raise AssertionError(f"no call of {name} is known: add one here")


def row(name, call, leaves, tree):
    """A row by name where every argument is an array, else by a function that binds the rest."""
    if name == "dropout":
        return Op("dropout", "dropout", (*leaves, "p"), random=True)
    if call is getattr(ops, name):
        return Op(name, name, leaves)
    return Op(name, lambda *arrays: call(*jax.tree.unflatten(tree, arrays)), leaves)


def test_one_program_uses_every_op(key):
    variables, rows, used = [Variable("x", (), role="input")], [], set()
    for name, call, arrays in calls():
        leaves, tree = jax.tree.flatten(list(arrays))
        reads = []
        for i, leaf in enumerate(leaves):
            array = np.asarray(leaf)
            variables.append(
                Variable(f"{name}.{i}", array.shape, str(array.dtype), "constant", init=Given(array), batched=False)
            )
            rows.append(Op(f"{name}.{i}.now", gain, (f"{name}.{i}", "x")))
            reads.append(f"{name}.{i}.now")
        rows.append(row(name, call, tuple(reads), tree))
        used.add(name)
    variables.append(Variable("p", role="constant", init=sj.program.Constant(0.5)))
    assert used == set(ops.REGISTRY)
    program = Program(tuple(variables), tuple(rows), tuple(Record(name, name) for name in sorted(used)), 0.1)
    # Whole tiles: what is left over of the last one is compiled anew, and a matter of the tests of plans.
    x = np.array([1.0, 0.5, 2.0, 0.25], np.float32)[:, None]
    reference, tiled = sj.build(program, plan=sj.Reference()), sj.build(program, plan=sj.Tiled(2))
    expected = reference.run(reference.init(key), {"x": x}, key).probes
    got = tiled.run(tiled.init(key), {"x": x}, key).probes
    assert set(got) == used
    for name in sorted(used):
        close(got[name], expected[name], 1e-5)
    for name, call, arrays in calls():
        if name != "dropout":
            close(got[name][0], call(*arrays), 1e-5)
