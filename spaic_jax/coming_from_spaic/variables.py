"""Variables: how they are declared, made, read and written, and the containers that held them."""

from spaic_jax.coming_from_spaic.row import Counterpart

VARIABLES = {
    "add_variable": Counterpart(
        "spaic_jax.Variable",
        "Variables are listed in a Program, not added to an object. `is_parameter=True` is `role=\"parameter\"`,"
        " `is_constant=True` is `role=\"constant\"`; `init` takes a name; `min` and `max` are `bounds=(min, max)`.",
        """
        >>> w = Variable("w", (2, 3), role="parameter", init="kaiming_normal", bounds=(-1.0, 1.0))
        >>> w.init, w.bounds
        (KaimingNormal(a=0.0, mode='fan_in', nonlinearity='leaky_relu'), (-1.0, 1.0))
        """,
    ),
    "add_backend_variable": Counterpart(
        "spaic_jax.Simulator.init",
        "Arrays are made from a key, all at once.",
        """
        >>> sim.init(key, batch_size=2)["layer.V"].shape
        (2, 3)
        """,
    ),
    "set_variable_value": Counterpart(
        "spaic_jax.Simulator.set",
        "Returns new variables; shape, dtype and bounds are checked.",
        """
        >>> sim.set(before, {"layer.V": jnp.ones((2, 3))})["layer.V"].sum().item()
        6.0
        """,
    ),
    "get_varialble": Counterpart(
        "spaic_jax.Variables.__getitem__",
        "",
        """
        >>> before["synapses.weight"].shape
        (3, 4)
        """,
    ),
    "has_variable": Counterpart(
        "spaic_jax.Program.by_name",
        "",
        """
        >>> "layer.V" in sim.program.by_name, "layer.W" in sim.program.by_name
        (True, False)
        """,
    ),
    "check_key": Counterpart(
        "spaic_jax.load_weights",
        "Names in a file are those of the network, without a prefix of its own; an error says which are not.",
        """
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     sj.save_weights(f"{folder}/weights.safetensors", sim, before)
        ...     list(sj.load_weights(f"{folder}/weights.safetensors", sim)[0].params)
        ['synapses.weight']
        """,
    ),
    "sparse_index": Counterpart(
        "spaic_jax.ops.sparse_to_dense",
        "A constant of indices and a parameter of values.",
        """
        >>> ops.sparse_to_dense(jnp.array([[0, 1], [2, 0]]), jnp.array([3.0, 4.0]), shape=(2, 3)).tolist()
        [[0.0, 0.0, 3.0], [4.0, 0.0, 0.0]]
        """,
    ),
    "is_sparse": Counterpart(
        "spaic_jax.synapses.Sparse",
        "`storage=\"pairs\"` of a connection: only the synapses that exist are stored.",
        """
        >>> sj.Connection(net.image, net.layer, "sparse", density=0.5, storage="pairs").link.storage
        'pairs'
        """,
    ),
    "min": Counterpart(
        "spaic_jax.Simulator.project",
        "Of `add_variable`, with `max`: `Variable(..., bounds=(min, max))`. First values are within them, `restart` and"
        " `train.fit` bring parameters back, and `project` does in a loop of one's own.",
        """
        >>> sim.project({**before.params, "synapses.weight": jnp.full((3, 4), 7.0)})["synapses.weight"].max().item()
        2.0
        """,
    ),
    "max": Counterpart(
        "spaic_jax.Simulator.restart",
        "Of `add_variable`, as `min`. SPAIC clamps at the start of every run, which is what `restart` does.",
        """
        >>> grown = before.with_params({"synapses.weight": jnp.full((3, 4), 7.0)})
        >>> sim.restart(grown)["synapses.weight"].max().item()
        2.0
        """,
    ),
    "_variables": Counterpart(
        "spaic_jax.Variables",
        "A value that goes in and comes out of every run.",
        """
        >>> sorted(before.state)[-2:]
        ['layer.O', 'layer.V']
        """,
    ),
    "_parameters_dict": Counterpart(
        "spaic_jax.Variables.params",
        "",
        """
        >>> list(before.params)
        ['synapses.weight']
        """,
    ),
    "_InitVariables_dict": Counterpart(
        "spaic_jax.Variable.init",
        "How a first value is made is part of the program; no array is kept for it.",
        """
        >>> leak.by_name["decay"].init
        Constant(value=0.5)
        """,
    ),
    "_graph_var_dicts": Counterpart(
        "spaic_jax.Record",
        "What a step holds between its rows lives in the compiled step; a record keeps a variable or a temporary of it.",
        """
        >>> watched = Program(leak.variables, leak.ops, (Record("current", "I"),), 1.0)
        >>> kept = sj.build(watched)
        >>> kept.run(kept.init(key), {"x": jnp.ones((4, 1, 3))}).probes["current"].shape
        (4, 1, 3)
        """,
    ),
    "store": Counterpart(
        "spaic_jax.save_variables",
        "In a file. In memory a name is enough, as variables never change.",
        """
        >>> kept, later = before, result.variables
        >>> kept["layer.V"].sum().item(), int(kept.step), int(later.step)
        (0.0, 0, 10)
        """,
    ),
    "restore": Counterpart(
        "spaic_jax.load_variables",
        "From a file. In memory: give the earlier variables to the next run.",
        """
        >>> bool((sim.run(before, data, steps=10).outputs["counts"] == result.outputs["counts"]).all())
        True
        """,
    ),
}
