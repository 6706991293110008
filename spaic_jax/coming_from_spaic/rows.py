"""Rows and the graph that they make: adding, registering, ordering, checking."""

from spaic_jax.coming_from_spaic.row import Counterpart

ROWS = {
    "Backend": Counterpart(
        "spaic_jax.Simulator",
        "A frozen value: a program and a plan. What a backend held is in the `Variables` that go in and come out.",
        """
        >>> sim.program.dt, hash(sim) == hash(sj.build(net, dt=1.0))
        (1.0, True)
        """,
    ),
    "Torch_Backend": Counterpart(
        "spaic_jax.build",
        "JAX is the one backend; XLA compiles for every device.",
        """
        >>> sj.build(net, dt=1.0) == sim
        True
        """,
    ),
    "TF_Backend": Counterpart(
        "spaic_jax.build",
        "Absent in SPAIC.",
        """
        >>> sj.build(leak).program == leak
        True
        """,
    ),
    "Builder": Counterpart(
        "spaic_jax.Program",
        "An empty module in SPAIC. A program can be written by hand, as `leak` is here.",
        """
        >>> print(leak)
        program: 3 variables, 2 ops, dt 1 ms
          input     x      float32[B,3]
          state     V      float32[B,3]
          constant  decay  float32[]
          1  I = relu(x)
          2  V = var_linear(decay, V, I)
          probe V = stack(V)
        """,
    ),
    "Torch_Engine": Counterpart(
        "spaic_jax.Tiled",
        "The plan says how rows are carried out: which loop over time, and which are done for many steps at once.",
        """
        >>> sj.build(leak, plan=sj.Tiled(tile=50)).plan.tile
        50
        """,
    ),
    "forward": Counterpart(
        "spaic_jax.Simulator.step",
        "A pure function of variables and inputs.",
        """
        >>> after, emitted = sim.step(before, data)
        >>> int(after.step), emitted["potential"].shape
        (1, (2, 3))
        """,
    ),
    "basic_operate": Counterpart(
        "spaic_jax.ops.REGISTRY",
        "One table of pure functions; no backend is bound to them.",
        """
        >>> ops.REGISTRY["minus"](3.0, 1.0).item()
        2.0
        """,
    ),
    "param_init_operate": Counterpart(
        "spaic_jax.ops.INITIALISERS",
        "Each takes its random key first. Each, and each of its names, is an initial value of a variable.",
        """
        >>> Variable("w", (2, 3), init=ops.INITIALISERS["uniform"]).init
        Uniform(a=0.0, b=1.0)
        """,
    ),
    "register_basic_op": Counterpart(
        "spaic_jax.ops.register",
        "Refuses a name that is taken; `random=True` for what takes a key.",
        """
        >>> ops.register("halve", lambda x: 0.5 * x)
        >>> Program(leak.variables, (("V", "halve", "x"),)).ops[0].fn
        'halve'
        >>> _ = ops.REGISTRY.pop("halve")
        """,
    ),
    "Op": Counterpart(
        "spaic_jax.Op",
        "`place`, `owner`, `requires_grad` and `operation_type` are not needed.",
        """
        >>> print(Op("V", "var_linear", ("decay", "V", "I")))
        V = var_linear(decay, V, I)
        """,
    ),
    "add_operation": Counterpart(
        "spaic_jax.Op",
        "Rows are listed in a Program; tuples in SPAIC's two forms are taken too.",
        """
        >>> Program(leak.variables, (("V", "add", ["V", "x"]),)).ops == Program(leak.variables, (("V", "add", "V", "x"),)).ops
        True
        """,
    ),
    "register_standalone": Counterpart(
        "spaic_jax.Op",
        "A row calls any pure function of arrays; one that returns nothing writes nothing.",
        """
        >>> def show(step, value):
        ...     jax.debug.print("step {}: {}", step, value[0, 0], ordered=True)
        >>> shown = sj.build(Program(leak.variables, (*leak.ops, ((), show, "[step]", "V[updated]")), dt=1.0))
        >>> _ = shown.run(shown.init(key), {"x": jnp.ones((2, 1, 3))}); jax.effects_barrier()
        step 0: 1.0
        step 1: 1.5
        """,
    ),
    "register_initial": Counterpart(
        "spaic_jax.Program.initial_ops",
        "Rows carried out when variables are made; they read first values and write those of states and constants.",
        """
        >>> primed = Program(leak.variables, leak.ops, dt=1.0, initial_ops=(("V", lambda v: v + 2.0, "V"),))
        >>> sj.build(primed).init(key)["V"].tolist()
        [[2.0, 2.0, 2.0]]
        """,
    ),
    "build": Counterpart(
        "spaic_jax.build",
        "Nothing is run while building.",
        """
        >>> sj.build(net, dt=1.0).program.dt
        1.0
        """,
    ),
    "build_graph": Counterpart(
        "spaic_jax.Program",
        "Names, reads, shapes and dtypes are checked once, without running anything.",
        """
        >>> leak.struct("I", batch_size=2).shape
        (2, 3)
        """,
    ),
    "forward_build": Counterpart(
        "spaic_jax.build",
        "`propagation=\"same_step\"`, the default; loops are allowed. SPAIC's default is `\"one_step\"`.",
        """
        >>> sj.build(net, dt=1.0, propagation="one_step").run(before, data, steps=9).outputs["counts"][0].tolist()
        [2.0, 2.0, 2.0]
        """,
    ),
    "builded": Counterpart(
        "spaic_jax.build",
        "A simulator is built; there is none that is not.",
        """
        >>> isinstance(sim, sj.Simulator)
        True
        """,
    ),
    "backend_name": Counterpart(
        "jax.default_backend",
        "",
        """
        >>> jax.default_backend() in ("cpu", "gpu", "tpu")
        True
        """,
    ),
    "_operations": Counterpart(
        "spaic_jax.Program.ops",
        "",
        """
        >>> [str(op) for op in leak.ops]
        ['I = relu(x)', 'V = var_linear(decay, V, I)']
        """,
    ),
    "_graph_operations": Counterpart(
        "spaic_jax.Program.ops",
        "What a row reads says itself whether it is of this step or of the previous one.",
        """
        >>> leak.ops[1].inputs
        ('decay', 'V', 'I')
        """,
    ),
    "_standalone_operations": Counterpart(
        "spaic_jax.Program.ops",
        "All rows are in one list.",
        """
        >>> len(leak.ops)
        2
        """,
    ),
    "_initial_operations": Counterpart(
        "spaic_jax.Program.initial_ops",
        "",
        """
        >>> leak.initial_ops
        ()
        """,
    ),
    "_monitors": Counterpart(
        "spaic_jax.Program.records",
        "",
        """
        >>> [record.name for record in sim.program.records if record.kind == "probe"]
        ['spikes', 'potential']
        """,
    ),
    "push_update_step": Counterpart(
        "spaic_jax.Op",
        "A row that makes its values of nothing learns the batch from a variable that has a batch axis.",
        """
        >>> pulses = Program(
        ...     variables=(Variable("sample", role="constant", batched=True), Variable("V", (3,))),
        ...     ops=(("O", lambda sample: jnp.ones((*sample.shape, 3)), "sample"), ("V", "add", "V", "O")),
        ... )
        >>> sj.build(pulses).run(sj.build(pulses).init(key, batch_size=2), steps=4).variables["V"].tolist()
        [[4.0, 4.0, 4.0], [4.0, 4.0, 4.0]]
        """,
    ),
    "fetch_update_step": Counterpart(
        "spaic_jax.Record",
        "Reads values after the step, as decoders and monitors do.",
        """
        >>> sj.build(leak).run(sj.build(leak).init(key), {"x": jnp.ones((2, 1, 3))}).probes["V"][:, 0, 0].tolist()
        [1.0, 1.5]
        """,
    ),
    "graph_update_step": Counterpart(
        "spaic_jax.Simulator.step",
        "The rows of one step.",
        """
        >>> round(float(sim.step(before, data)[1]["potential"][0, 0]), 3)
        0.4
        """,
    ),
    "graph_update_step_r": Counterpart(
        "spaic_jax.Simulator.step",
        "Dead code in SPAIC.",
        """
        >>> int(sim.step(before, data)[0].step)
        1
        """,
    ),
    "r_update_step": Counterpart(
        "spaic_jax.Simulator.step",
        "Dead code in SPAIC.",
        """
        >>> int(sim.step(before, data)[0].step)
        1
        """,
    ),
    "var_check": Counterpart(
        "spaic_jax.Program",
        "Making one checks every name, read, shape and dtype; SPAIC's never checks anything.",
        """
        >>> Program(leak.variables, (("V", "mat_mult", "x", "V"),), dt=1.0)
        Traceback (most recent call last):
        spaic_jax.program.check.ProgramError: row 1, op 'V' (V = mat_mult(x, V)) cannot take x float32[B,3], V float32[B,3]: ...
        """,
    ),
    "get_dependency": Counterpart(
        "spaic_jax.Program.dependencies",
        "Which rows each row needs; `print(sim.describe())` shows what is carried out together.",
        """
        >>> leak.dependencies()[2]
        Needs(this_step=(1,), previous_step=(2,))
        """,
    ),
    "get_str": Counterpart(
        "spaic_jax.Program.__str__",
        "",
        """
        >>> str(leak).splitlines()[0]
        'program: 3 variables, 2 ops, dt 1 ms'
        """,
    ),
}
