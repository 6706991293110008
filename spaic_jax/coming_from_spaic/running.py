"""Steps, time, batches, gradients and devices."""

from spaic_jax.coming_from_spaic.row import Counterpart

_STEPS_DONE = """
        >>> int(result.variables.step), int(result.variables.step) * sim.program.dt
        (10, 10.0)
        """

_PLACED = """
        >>> placed = jax.device_put(before, jax.devices()[0])
        >>> placed["layer.V"].devices() == {jax.devices()[0]}
        True
        """

#: One batch over all devices: data and every leaf that has a batch axis are split, the others are copied.
_SPLIT = """
        >>> from jax.sharding import NamedSharding, PartitionSpec
        >>> mesh = jax.make_mesh((2,), ("batch",), devices=jax.devices()[:2])
        >>> split, copied = NamedSharding(mesh, PartitionSpec("batch")), NamedSharding(mesh, PartitionSpec())
        >>> places = jax.tree.map(lambda batched: split if batched else copied, sim.batched)
        >>> shared = sim.run(jax.device_put(before, places), jax.device_put(data, split), steps=10)
        >>> bool((shared.outputs["counts"] == result.outputs["counts"]).all())
        True
        """

RUNNING = {
    "update_step": Counterpart(
        "spaic_jax.Simulator.step",
        "Takes and returns variables.",
        """
        >>> variables, emitted = sim.step(before, data)
        >>> int(variables.step)
        1
        """,
    ),
    "update_time_steps": Counterpart(
        "spaic_jax.Simulator.run",
        "All steps in one compiled loop.",
        """
        >>> sim.run(before, data, steps=10).outputs["counts"][0].tolist()
        [3.0, 3.0, 3.0]
        """,
    ),
    "initial_step": Counterpart(
        "spaic_jax.Simulator.restart",
        "States begin anew; parameters, brought within their bounds, and states that stay are kept.",
        """
        >>> again = sim.restart(result.variables)
        >>> int(again.step), again["layer.V"].sum().item()
        (0, 0.0)
        """,
    ),
    "initial_continue_step": Counterpart(
        "spaic_jax.Result.variables",
        "Give them to the next run; `detach()` stops gradients there.",
        """
        >>> int(sim.run(result.variables.detach(), data, steps=10).variables.step)
        20
        """,
    ),
    "clear_step": Counterpart(
        "spaic_jax.Simulator.init",
        "Nothing is held that must be cleared: make new variables.",
        """
        >>> int(sim.init(key).step)
        0
        """,
    ),
    "set_batch_size": Counterpart(
        "spaic_jax.Simulator.init",
        "`restart(variables, batch_size=...)` goes over to another size.",
        """
        >>> sim.init(key, batch_size=5)["layer.V"].shape, sim.restart(before, batch_size=7)["layer.V"].shape
        ((5, 3), (7, 3))
        """,
    ),
    "_batch_size": Counterpart(
        "spaic_jax.Variables.state",
        "That of the variables; a simulator has none.",
        """
        >>> result.variables.state["layer.V"].shape[0]
        2
        """,
    ),
    "get_batch_size": Counterpart(
        "spaic_jax.Variables.state",
        "The first axis of any state.",
        """
        >>> before.state["layer.V"].shape[0]
        2
        """,
    ),
    "set_runtime": Counterpart(
        "spaic_jax.Simulator.steps",
        "A duration in ms that is no whole number of steps is an error.",
        """
        >>> sim.run(before, data, steps=sim.steps(10.0)).probes["potential"].shape
        (10, 2, 3)
        """,
    ),
    "runtime": Counterpart(
        "spaic_jax.Simulator.steps",
        "Of each run, not of the simulator.",
        """
        >>> sim.steps(10.0)
        10
        """,
    ),
    "time": Counterpart("spaic_jax.Variables.step", "Steps done, a whole number; times dt it is the time in ms.", _STEPS_DONE),
    "n_time_step": Counterpart("spaic_jax.Variables.step", "", _STEPS_DONE),
    "last_time": Counterpart(
        "spaic_jax.Variables.step",
        "That of the variables a run began with.",
        """
        >>> int(before.step)
        0
        """,
    ),
    "dt": Counterpart(
        "spaic_jax.Program.dt",
        "Given to build, in ms; rows read it as `[dt]`.",
        """
        >>> clock = sj.build(Program((Variable("t", batched=False),), (("t", "add", "t", "[dt]"),), dt=0.5))
        >>> clock.run(clock.init(key), steps=10).variables["t"].item()
        5.0
        """,
    ),
    "data_type": Counterpart(
        "spaic_jax.Program.astype",
        "With `variables.astype(program)` for the values.",
        """
        >>> half = sj.build(sim.program.astype("bfloat16"))
        >>> half.init(key)["synapses.weight"].dtype
        dtype(bfloat16)
        """,
    ),
    "device": Counterpart("jax.device_put", "A run takes place where its variables are.", _PLACED),
    "device0": Counterpart("jax.device_put", "There is no first device beside others.", _PLACED),
    "get_place": Counterpart("jax.device_put", "Where variables are says where the rows run.", _PLACED),
    "prefer_device": Counterpart(
        "jax.device_put",
        "Of groups, connections and variables. XLA splits one program over devices; what is placed is a variable.",
        """
        >>> layout = jax.tree.map(lambda batched: jax.devices()[0], sim.batched)
        >>> int(sim.run(jax.device_put(before, layout), data, steps=10).variables.step)
        10
        """,
    ),
    "partition": Counterpart("spaic_jax.Simulator.batched", "A batch over several devices is a sharding.", _SPLIT),
    "graph_update_step_multigpu": Counterpart(
        "spaic_jax.Simulator.batched", "The compiled loop runs on every device of a sharding.", _SPLIT
    ),
    "move_compute_and_assign_tensors": Counterpart("jax.device_put", "", _PLACED),
    "remove_tensor": Counterpart("jax.device_put", "Arrays are where they are put; building moves none.", _PLACED),
    "is_insert": Counterpart(
        "jax.devices",
        "Found duplicates in a list of devices.",
        """
        >>> len(set(jax.devices())) == len(jax.devices())
        True
        """,
    ),
    "to_grad_func": Counterpart(
        "jax.grad",
        "Functions are differentiable as they are.",
        """
        >>> jax.grad(ops.sigmoid)(0.0).item()
        0.25
        """,
    ),
    "to_nograd_func": Counterpart(
        "jax.lax.stop_gradient",
        "In the function, where a gradient shall stop.",
        """
        >>> jax.grad(lambda x: jax.lax.stop_gradient(ops.sigmoid(x)))(0.0).item()
        0.0
        """,
    ),
    "set_func_grad": Counterpart(
        "spaic_jax.Variables.with_params",
        "Gradients are taken with respect to parameters, or some of them; nothing is switched.",
        """
        >>> def loss(params):
        ...     return sim.run(before.with_params(params), data, steps=10).outputs["counts"].sum()
        >>> list(jax.grad(loss)(before.params))
        ['synapses.weight']
        """,
    ),
    "full_enable_grad": Counterpart(
        "jax.grad",
        "Everything is differentiable, first values and inputs too.",
        """
        >>> slope = jax.grad(lambda x: sim.run(before, {"image": x}, steps=10).probes["potential"].sum())(data["image"])
        >>> slope.shape
        (2, 4)
        """,
    ),
    "train": Counterpart(
        "spaic_jax.Simulator.train",
        "Gives the simulator of training; the other one is that of evaluation.",
        """
        >>> sim.train() == sj.build(net, dt=1.0).train()
        True
        """,
    ),
    "training": Counterpart(
        "spaic_jax.Simulator.train",
        "Which of the two simulators is run.",
        """
        >>> sim.train().run(before, data, steps=10).outputs["counts"][0].tolist()
        [3.0, 3.0, 3.0]
        """,
    ),
    "eval": Counterpart(
        "spaic_jax.build",
        "What `build` gives.",
        """
        >>> sim.run(before, data, steps=10).outputs["counts"][0].tolist()
        [3.0, 3.0, 3.0]
        """,
    ),
}
