"""The page for users of SPAIC: complete, and every name on it is there."""

import functools
import importlib
import pathlib

import pytest
from test_op_registry import MENDED_ROWS, SPAIC_ROWS

from spaic_jax import ops
from spaic_jax.coming_from_spaic import NAMES, page

#: Containers, attributes and methods of SPAIC's Backend and Torch_Backend, beside its ops.
MACHINERY = ["add_variable", "add_backend_variable", "set_variable_value", "get_varialble", "has_variable", "check_key", "add_operation", "register_standalone", "register_initial", "add_delay", "to_grad_func", "to_nograd_func", "set_func_grad", "full_enable_grad", "build", "build_graph", "forward_build", "update_step", "update_time_steps", "initial_step", "initial_continue_step", "clear_step", "set_batch_size", "get_batch_size", "set_runtime", "runtime", "time", "n_time_step", "last_time", "dt", "data_type", "device", "partition", "store", "restore", "remove_tensor", "is_insert", "move_compute_and_assign_tensors", "graph_update_step_multigpu", "graph_update_step", "graph_update_step_r", "r_update_step", "var_check", "get_dependency", "get_str", "basic_operate", "param_init_operate", "register_basic_op", "sparse_to_dense", "to_numpy"]


def test_every_name_of_spaic_is_on_the_page():
    wanted = {*MACHINERY, *SPAIC_ROWS, *MENDED_ROWS, *ops.INITIALISERS}
    assert wanted <= set(NAMES)
    assert set(ops.REGISTRY) <= set(NAMES)


def find(name):
    """The object of a full name."""
    parts = name.split(".")
    for cut in range(len(parts), 0, -1):
        try:
            return functools.reduce(attribute, parts[cut:], importlib.import_module(".".join(parts[:cut])))
        except ModuleNotFoundError:
            continue
    raise AssertionError(f"nothing is called {name}")


def attribute(holder, name):
    """An attribute, or a field of a dataclass without a default."""
    return getattr(holder, name) if hasattr(holder, name) else holder.__dataclass_fields__[name]


@pytest.mark.parametrize("name", NAMES)
def test_every_counterpart_exists(name):
    counterpart, note = NAMES[name]
    assert counterpart is not None or note
    if counterpart is not None:
        find(counterpart)


def test_the_page_lists_them_and_the_readme_points_to_it():
    assert len(page().splitlines()) == len(NAMES) + 2
    assert "coming_from_spaic" in (pathlib.Path(__file__).parents[2] / "README.md").read_text()
