"""For users of SPAIC: every name of its Backend and Torch_Backend, names that went elsewhere, and what does the same here.

`print(spaic_jax.coming_from_spaic.page())` lists them all. An op keeps its name, argument order and meaning; what a backend did
to itself, a function here does to a value.

>>> NAMES["initial_step"].counterpart
'spaic_jax.Simulator.restart'
>>> print(page().splitlines()[2])
| `threshold` | `spaic_jax.ops.threshold` |  |
"""

from typing import NamedTuple


class Counterpart(NamedTuple):
    """What stands for a name of SPAIC.

    Attributes:
        counterpart: full name of what does the same, or `None` where nothing is needed.
        note: how it differs, or why nothing is needed.
    """

    counterpart: str | None
    note: str


#: The ops, with SPAIC's names.
_OPS = """
    threshold bit_and quant_clamp rescale lshift_with_clamp lshift_with_rescale add_with_clamp reset if_assign cat stack reduce_sum
    permute view unsqueeze assign conv_2d conv_2d_complex conv_max_pool2d conv_avg_pool2d conv_add_bias max_pool2d
    post_max_pool2d_complex avg_pool2d batchnorm2d dropout reshape_mat_mult im2col_indices conv2d_flatten feature_map_flatten add
    minus div var_mult relu mat_mult_weight mat_mult_weight_complex mat_mult_weight_2complex mat_mult_pre mat_mult bmm ger
    sparse_mat_mult_weight mult_sum_weight mat_linear var_linear upsample exp sin cos tan log log2 log10 weight_norm to sigmoid
    index_select scatter conv1d conv_trans1d conv_trans2d clamp_ clamp_max_ clamp_min_ to_numpy to_tensor reduce_sum_update
    sparse_to_dense uniform normal xavier_normal xavier_uniform kaiming_normal kaiming_uniform constant sparse
"""

#: Every name of SPAIC's Backend and Torch_Backend.
NAMES: dict[str, Counterpart] = {
    **{name: Counterpart(f"spaic_jax.ops.{name}", "") for name in _OPS.split()},
    "xavier_noraml": Counterpart("spaic_jax.ops.xavier_normal", "SPAIC registers it under a misspelt name."),
    "basic_operate": Counterpart("spaic_jax.ops.REGISTRY", "One table of pure functions; no backend is bound to them."),
    "param_init_operate": Counterpart("spaic_jax.ops.INITIALISERS", "Each takes its random key first."),
    "register_basic_op": Counterpart("spaic_jax.ops.register", "Refuses a name that is taken."),
    "add_variable": Counterpart("spaic_jax.Variable", "Variables are listed in a Program, not added to an object."),
    "add_backend_variable": Counterpart("spaic_jax.Simulator.init", "Arrays are made from a key, all at once."),
    "set_variable_value": Counterpart("spaic_jax.Simulator.set", "Returns new variables; shape, dtype and bounds are checked."),
    "get_varialble": Counterpart("spaic_jax.Variables.__getitem__", "`variables[name]`."),
    "has_variable": Counterpart("spaic_jax.Program.by_name", "`name in program.by_name`."),
    "check_key": Counterpart("spaic_jax.load_variables", "Names in a file must be those of the program; an error says which is not."),
    "add_operation": Counterpart("spaic_jax.Op", "Rows are listed in a Program; tuples in SPAIC's form are taken too."),
    "register_standalone": Counterpart("spaic_jax.Op", "A row may call any pure function."),
    "register_initial": Counterpart("spaic_jax.Program", "`Program(initial_ops=...)`: rows carried out when variables are made."),
    "sparse_index": Counterpart("spaic_jax.ops.sparse_to_dense", "A constant of indices and a parameter of values."),
    "add_delay": Counterpart("spaic_jax.synapses.delays.delayed", "`Connection(..., delay=...)`: a ring of the last values, a state of the program."),
    "DelayQueue": Counterpart("spaic_jax.synapses.delays.delayed", "A state and one row, not an object."),
    "to_grad_func": Counterpart("jax.grad", "Functions are differentiable as they are."),
    "to_nograd_func": Counterpart("jax.lax.stop_gradient", "In the function, where a gradient shall stop."),
    "set_func_grad": Counterpart("spaic_jax.Variables.params", "Gradients are taken with respect to parameters; nothing is switched."),
    "full_enable_grad": Counterpart("jax.grad", "As set_func_grad."),
    "build": Counterpart("spaic_jax.build", ""),
    "build_graph": Counterpart("spaic_jax.build", "The order of reads is checked once, without running anything."),
    "forward_build": Counterpart("spaic_jax.build", "`propagation=\"same_step\"`, the default; loops are allowed."),
    "update_step": Counterpart("spaic_jax.Simulator.step", "Takes and returns variables."),
    "update_time_steps": Counterpart("spaic_jax.Simulator.run", "All steps in one compiled loop."),
    "initial_step": Counterpart("spaic_jax.Simulator.restart", "States begin anew, those that stay are kept."),
    "initial_continue_step": Counterpart("spaic_jax.Result", "Give `result.variables` to the next run."),
    "clear_step": Counterpart("spaic_jax.Simulator.init", "Nothing is held that must be cleared: make new variables."),
    "set_batch_size": Counterpart("spaic_jax.Simulator.init", "`sim.init(key, batch_size)`, or `restart(variables, batch_size=...)`."),
    "get_batch_size": Counterpart("spaic_jax.Variables.state", "The first axis of any state."),
    "set_runtime": Counterpart("spaic_jax.Simulator.steps", "`sim.run(..., steps=sim.steps(duration))`."),
    "runtime": Counterpart("spaic_jax.Simulator.steps", "As set_runtime."),
    "time": Counterpart("spaic_jax.Variables.step", "Steps done, a whole number; times dt it is the time in ms."),
    "n_time_step": Counterpart("spaic_jax.Variables.step", ""),
    "last_time": Counterpart("spaic_jax.Variables.step", "That of the variables a run began with."),
    "dt": Counterpart("spaic_jax.Program.dt", "Given to build; rows read it as `[dt]`."),
    "data_type": Counterpart("spaic_jax.Program.astype", "With `variables.astype` for the values."),
    "device": Counterpart("jax.device_put", "A run takes place where its variables are."),
    "partition": Counterpart("jax.device_put", "A batch over several devices is a sharding of variables and inputs."),
    "store": Counterpart("spaic_jax.save_variables", "Variables are immutable: keep them by keeping a name for them, or in a file."),
    "restore": Counterpart("spaic_jax.load_variables", ""),
    "remove_tensor": Counterpart(None, "Arrays are where they are put; there is no tensor to move at build."),
    "is_insert": Counterpart(None, "Found duplicates in a list of devices."),
    "move_compute_and_assign_tensors": Counterpart("jax.device_put", ""),
    "graph_update_step_multigpu": Counterpart("jax.device_put", "The compiled loop runs on every device of a sharding."),
    "graph_update_step": Counterpart("spaic_jax.Simulator.step", "The rows of one step."),
    "graph_update_step_r": Counterpart(None, "Dead code in SPAIC."),
    "r_update_step": Counterpart(None, "Dead code in SPAIC."),
    "var_check": Counterpart("spaic_jax.Program", "Making one checks every name, read, shape and dtype."),
    "get_dependency": Counterpart("spaic_jax.Simulator.plan", "`print(sim.plan)` shows what depends on what."),
    "max_delay": Counterpart("spaic_jax.Connection", "`Connection(..., max_delay=6.0)`: one delay a synapse; 0 means none, not the longest."),
    "delay_complex_synapse": Counterpart("spaic_jax.synapses.RotationDelay", "`Connection(..., delay=RotationDelay(...))`, in closed form."),
    "Isyn_bn": Counterpart("spaic_jax.synapses.Homeostasis", "`syn_type=[\"basic\", \"isyn_bn\"]`."),
    "train": Counterpart("spaic_jax.Simulator.train", "Gives the simulator of training; the other one is that of evaluation."),
    "eval": Counterpart("spaic_jax.Simulator", "What `build` gives."),
    "times": Counterpart("spaic_jax.Result.times", "By name of the monitor, ms."),
    "values": Counterpart("spaic_jax.Result.probes", "Time comes first: `[T, B, ...]`."),
    "grads": Counterpart("spaic_jax.probe_gradients", "For monitors with `get_grad=True`; no sample is dropped."),
    "spk_times": Counterpart("spaic_jax.Result.spike_times", "The first of what it returns."),
    "spk_index": Counterpart("spaic_jax.Result.spike_times", "The second of what it returns."),
    "spk_count": Counterpart("spaic_jax.Result.probes", "`result.probes[name].sum(0)`."),
    "time_spk_rate": Counterpart("spaic_jax.Result.probes", "`result.probes[name].mean(1)`."),
    "time_pop_rate": Counterpart("spaic_jax.RateMonitor", "In Hz; a step's share of neurons is `result.probes[name].mean(2)`."),
    "nbatch": Counterpart("spaic_jax.Result", "Each run gives a result of its own: keep the last ones in a list."),
    "get_str": Counterpart("spaic_jax.Program.__str__", "`print(program)`."),
}


def page() -> str:
    """The table as Markdown."""
    rows = ["| SPAIC | spaic_jax | note |", "| --- | --- | --- |"]
    for name, (counterpart, note) in NAMES.items():
        rows.append(f"| `{name}` | {f'`{counterpart}`' if counterpart else '-'} | {note} |")
    return "\n".join(rows)
