"""Learner, optimisers and schedules: a learner says what learns and how, and optax does the rest."""

from spaic_jax.coming_from_spaic.row import Counterpart


def _surrogate(name: str, note: str = "") -> Counterpart:
    return Counterpart(
        f"spaic_jax.surrogate.{name}",
        note or f'`NeuronGroup(..., surrogate="{name}")`, or `Learner(net, "{name}")` for many groups.',
        f"""
        >>> type(sj.NeuronGroup(3, model="lif", surrogate="{name}").model.surrogate).__name__
        '{name}'
        """,
    )


def _optimiser(call: str, note: str = "") -> Counterpart:
    """An optimiser takes two steps on the parameters of the network."""
    return Counterpart(
        call.partition("(")[0],
        note or "Takes the gradients of `jax.grad`; also the `optimizer` of `spaic_jax.train.fit`.",
        f"""
        >>> optimiser = {call}
        >>> params, slopes = before.params, jax.tree.map(jnp.ones_like, before.params)
        >>> memory = optimiser.init(params)
        >>> for _ in range(2):
        ...     updates, memory = optimiser.update(slopes, memory, params)
        ...     params = optax.apply_updates(params, updates)
        >>> bool((params["synapses.weight"] < before["synapses.weight"]).all())
        True
        """,
    )


def _schedule(call: str, rates: str, note: str = "") -> Counterpart:
    """A schedule is a function of the number of updates, given as a learning rate."""
    return Counterpart(
        call.partition("(")[0],
        note or "Counted in updates: `optax.adam(schedule)`.",
        f"""
        >>> schedule = {call}
        >>> [round(float(schedule(n)), 4) for n in (0, 5, 10, 20)]
        {rates}
        """,
    )


def _rule(call: str, note: str) -> Counterpart:
    """A learning rule is given to the connection that learns."""
    name = call.partition("(")[0]
    return Counterpart(
        f"spaic_jax.plasticity.{name}",
        note,
        f"""
        >>> from spaic_jax.plasticity import {name}
        >>> type(sj.Connection(net.image, net.layer, plasticity={call}).plasticity[0]).__name__
        '{name}'
        """,
    )


TRAINING = {
    "Learner": Counterpart(
        "spaic_jax.Learner",
        "A member of the network that sets rules of connections and surrogate gradients of groups, and nothing else: it has no"
        " optimiser and no steps. `sim.train()` learns by rules; for gradients differentiate the run, and give them to any"
        " transformation of optax. `spaic_jax.train.fit` is that loop, and does both.",
        """
        >>> learner = sj.Learner(trainable=net, algorithm="STCA", alpha=0.5)
        >>> learns = sj.build(sj.edit.add(net, "learner", learner), dt=1.0)
        >>> def loss(params):
        ...     return (learns.run(before.with_params(params), data, steps=10).outputs["counts"].sum() - 6.0) ** 2
        >>> optimiser = optax.adam(0.1)
        >>> slopes = jax.grad(loss)(before.params)
        >>> updates, memory = optimiser.update(slopes, optimiser.init(before.params), before.params)
        >>> params = learns.project(optax.apply_updates(before.params, updates))
        >>> params["synapses.weight"].shape
        (3, 4)
        """,
    ),
    "set_optimizer": Counterpart(
        "spaic_jax.train.fit",
        "Not of a learner: `fit(..., optimizer=optax.adam(1e-3))`. `optax.multi_transform` has another one for some parameters.",
        """
        >>> optax.adam(1e-3).init(before.params)[0].count.item()
        0
        """,
    ),
    "set_schedule": Counterpart(
        "optax.adam",
        "A schedule is given in place of the learning rate.",
        """
        >>> optax.adam(optax.exponential_decay(1e-3, 10, 0.5)).init(before.params)[1].count.item()
        0
        """,
    ),
    "optim_zero_grad": Counterpart(
        "jax.grad",
        "Nothing accumulates; `optax.MultiSteps` is for those who want it to.",
        """
        >>> every = optax.MultiSteps(optax.sgd(0.1), every_k_schedule=4)
        >>> every.init(before.params).mini_step.item()
        0
        """,
    ),
    "optim_step": Counterpart(
        "optax.apply_updates",
        "",
        """
        >>> optax.apply_updates(1.0, -0.25).item()
        0.75
        """,
    ),
    "STCA": _surrogate("STCA"),
    "STBP": _surrogate("STBP"),
    "SurrogateBP": _surrogate("AtanGrad", "`Learner(net, \"sbp\", surrogate_func=\"atan\")`; it is the `surrogate` of a group, this one by default."),
    "SigmoidGrad": _surrogate("SigmoidGrad"),
    "AtanGrad": _surrogate("AtanGrad"),
    "RectangleGrad": _surrogate("RectangleGrad"),
    "GateGrad": _surrogate("GateGrad"),
    "QGateGrad": _surrogate("QGateGrad"),
    "ReLUGrad": _surrogate("ReLUGrad"),
    "straight_through_estimator": Counterpart(
        "spaic_jax.surrogate.StraightThroughEstimator",
        "",
        """
        >>> type(sj.NeuronGroup(3, model="lif", surrogate="straight_through_estimator").model.surrogate).__name__
        'StraightThroughEstimator'
        """,
    ),
    "nearest_online_stdp": _rule(
        "NearestOnlineSTDP(w_norm=78.4)",
        "`Connection(..., plasticity=...)`, and `sim.train()` learns. `compat=True` for SPAIC's order: changes two steps late, decays"
        " a step, a sum of 78.4 and a clip to [0, 1]. `Apost` is `a_post`, and `trace_pre=d` is `tau_pre=-1 / log(d)`.",
    ),
    "full_online_stdp": _rule(
        "FullOnlineSTDP(w_norm=78.4)",
        "Normalises at the end of a presentation; with `compat=True` from the end of the `runtime` that `build` knew.",
    ),
    "meta_nearest_online_stdp": _rule(
        "MetaNearestOnlineSTDP()", "The same equation; what SPAIC hands on with `optim_step` is there at once."
    ),
    "rstdp": _rule(
        'RSTDP(lr=0.01, reward="reward")',
        "A reward of each sample, and of this step's spikes; `compat=True` for those of two steps before. Names its `Reward`.",
    ),
    "rstdpet": _rule('RSTDPET(lr=0.01, reward="reward")', "Any batch: each sample has an eligibility of its own."),
    "switch_rstdp": _rule(
        'SwitchRSTDP(reward="reward")', "A reward of 0 changes nothing, and bounds are the connection's; not so with `compat=True`."
    ),
    "postpreintstdp": _rule(
        "PostPreIntSTDP()", "Any batch; a presynaptic spike weakens, as SPAIC's page says; `compat=True` strengthens, as it does."
    ),
    "tempotron": _rule(
        'Tempotron(teacher="labels")',
        "Threshold and time constants are settings; the labels come from an encoder, one channel a neuron. `compat=True` has SPAIC's"
        " faults in batches.",
    ),
    "conv2d_stdp": _rule("Conv2dSTDP(lr=0.01)", "For any link; SPAIC's cannot be built."),
    "conv2d_rstdp": _rule('RSTDP(lr=0.01, reward="reward")', "`RSTDP` on a `conv` link; SPAIC's cannot be built."),
    "bp_rstdp": _rule('BackpropRSTDP(reward="reward")', "Each sample has its own reward; SPAIC's cannot be built. `hs_r` is `homeostatic_rate`."),
    "bp_rstdpet": _rule('BackpropRSTDPET(reward="reward")', "What the class is meant to be; SPAIC's name leads to `bp_rstdp`."),
    "rate_modulate": _rule(
        "RateModulate(m_r=5.0)", "A rule that follows the loss; for training by gradient see `spaic_jax.train.REGULARISERS`."
    ),
    "Adam": _optimiser("optax.adam(1e-3)"),
    "AdamW": _optimiser("optax.adamw(1e-3)"),
    "SparseAdam": _optimiser("optax.adam(1e-3)", "Gradients are dense; those of stored synapses are as small as their values."),
    "Adamax": _optimiser("optax.adamax(1e-3)"),
    "ASGD": _optimiser(
        "optax.sgd(1e-3)", "With an average of the parameters beside it: `optax.incremental_update(params, average, 1 / n)`."
    ),
    "LBFGS": Counterpart(
        "optax.lbfgs",
        "Takes the value and the function too, for its line search.",
        """
        >>> optimiser = optax.lbfgs()
        >>> def distance(x):
        ...     return ((x - 3.0) ** 2).sum()
        >>> value, slope = jax.value_and_grad(distance)(jnp.zeros(2))
        >>> memory = optimiser.init(jnp.zeros(2))
        >>> step, _ = optimiser.update(slope, memory, jnp.zeros(2), value=value, grad=slope, value_fn=distance)
        >>> distance(step).item() < value.item()
        True
        """,
    ),
    "RMSprop": _optimiser("optax.rmsprop(1e-3)"),
    "Rpop": _optimiser("optax.rprop(1e-3)", "Rprop, under SPAIC's name for it."),
    "SGD": _optimiser("optax.sgd(1e-3, momentum=0.9)"),
    "Adadelta": _optimiser("optax.adadelta(1.0)"),
    "Adagrad": _optimiser("optax.adagrad(1e-2)"),
    "LambdaLR": Counterpart(
        "optax.adam",
        "Any function of the number of updates is a schedule.",
        """
        >>> optimiser = optax.adam(lambda n: 0.1 * 0.95**n)
        >>> optimiser.init(before.params)[1].count.item()
        0
        """,
    ),
    "StepLR": _schedule(
        "optax.exponential_decay(0.1, transition_steps=10, decay_rate=0.5, staircase=True)", "[0.1, 0.1, 0.05, 0.025]"
    ),
    "MultiStepLR": _schedule("optax.piecewise_constant_schedule(0.1, {5: 0.5, 15: 0.5})", "[0.1, 0.05, 0.05, 0.025]"),
    "ExponentialLR": _schedule("optax.exponential_decay(0.1, transition_steps=1, decay_rate=0.9)", "[0.1, 0.059, 0.0349, 0.0122]"),
    "CosineAnnealingLR": _schedule("optax.cosine_decay_schedule(0.1, decay_steps=20)", "[0.1, 0.0854, 0.05, 0.0]"),
    "ReduceLROnPlateau": Counterpart(
        "optax.contrib.reduce_on_plateau",
        "Chained behind an optimiser; its update takes `value=loss`.",
        """
        >>> from optax import contrib
        >>> optimiser = optax.chain(optax.sgd(0.1), contrib.reduce_on_plateau(factor=0.5, patience=2))
        >>> memory = optimiser.init(jnp.zeros(2))
        >>> for _ in range(5):
        ...     updates, memory = optimiser.update(jnp.ones(2), memory, jnp.zeros(2), value=1.0)
        >>> updates.tolist()
        [-0.02500000037252903, -0.02500000037252903]
        """,
    ),
    "CyclicLR": Counterpart(
        "optax.adam",
        "Any function of the number of updates is a schedule.",
        """
        >>> optimiser = optax.adam(lambda n: 0.02 + 0.08 * (1 - abs(n % 20 / 10 - 1)))
        >>> optimiser.init(before.params)[1].count.item()
        0
        """,
    ),
    "CosineAnnealingWarmRestarts": _schedule(
        "optax.sgdr_schedule([dict(init_value=0.1, peak_value=0.1, decay_steps=10, warmup_steps=0)] * 3)", "[0.1, 0.05, 0.1, 0.1]"
    ),
}
