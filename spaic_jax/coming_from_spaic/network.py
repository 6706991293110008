"""Of SPAIC's networks: settings that are written otherwise, delays, and what monitors kept."""

from spaic_jax.coming_from_spaic.row import Counterpart

_SPIKES = """
        >>> times, neurons = result.spike_times("spikes", sample=0)
        >>> times[:3].tolist(), neurons[:3].tolist()
        ([3.0, 6.0, 9.0], [0, 0, 0])
        """

NETWORK = {
    "add_delay": Counterpart(
        "spaic_jax.synapses.delays.delayed",
        "Of a connection: `delay=`; a ring of the last values, a state of the program.",
        """
        >>> other = sj.Network()
        >>> other.image, other.layer = sj.Encoder(num=4, coding_method="constant_current"), sj.NeuronGroup(3, model="lif")
        >>> other.synapses = sj.Connection(other.image, other.layer, weight=[[1.0] * 4] * 3, delay=2.0)
        >>> other.counts = sj.Decoder(dec_target=other.layer)
        >>> late = sj.build(other, dt=1.0)
        >>> late.run(late.init(key, 2), data, steps=10).outputs["counts"][0].tolist()
        [2.0, 2.0, 2.0]
        """,
    ),
    "DelayQueue": Counterpart(
        "spaic_jax.synapses.delays.delayed",
        "A state and rows, not an object.",
        """
        >>> sj.Connection(net.image, net.layer, delay=2.0).delay
        2.0
        """,
    ),
    "max_delay": Counterpart(
        "spaic_jax.Connection",
        "One delay a synapse; 0 means none, not the longest.",
        """
        >>> sj.Connection(net.image, net.layer, max_delay=6.0).delay.max_delay
        6.0
        """,
    ),
    "min_delay": Counterpart(
        "spaic_jax.synapses.FixedDelay",
        "",
        """
        >>> sj.Connection(net.image, net.layer, delay=sj.synapses.FixedDelay(min_delay=2.0, max_delay=6.0)).delay.min_delay
        2.0
        """,
    ),
    "delay_complex_synapse": Counterpart(
        "spaic_jax.synapses.RotationDelay",
        "In closed form, as the delay of a connection.",
        """
        >>> sj.Connection(net.image, net.layer, delay=sj.synapses.RotationDelay(max_delay=5.0)).delay.max_delay
        5.0
        """,
    ),
    "directpass": Counterpart(
        "spaic_jax.synapses.Direct",
        "`link_type=\"null\"`.",
        """
        >>> type(sj.Connection(net.image, sj.NeuronGroup(4, model="lif"), "null").link).__name__
        'Direct'
        """,
    ),
    "Isyn_bn": Counterpart(
        "spaic_jax.synapses.Homeostasis",
        "A synapse type behind the link.",
        """
        >>> balanced = sj.Network()
        >>> balanced.image, balanced.layer = sj.Encoder(num=4), sj.NeuronGroup(3, model="lif")
        >>> balanced.synapses = sj.Connection(balanced.image, balanced.layer, syn_type=["basic", "isyn_bn"])
        >>> any("Homeostasis" in v.name for v in sj.build(balanced, dt=1.0).program.variables)
        True
        """,
    ),
    "sparse_with_mask": Counterpart(
        "spaic_jax.synapses.Sparse",
        "Every link keeps its zeros.",
        """
        >>> sj.Connection(net.image, net.layer, "sparse", density=0.5).link.density
        0.5
        """,
    ),
    "neuron_model": Counterpart(
        "spaic_jax.NeuronGroup",
        "`model=`.",
        """
        >>> type(sj.NeuronGroup(3, model="clif").model).__name__
        'CLIF'
        """,
    ),
    "ifsoftreset": Counterpart(
        "spaic_jax.neurons.IF",
        "SPAIC's resets to zero, as `if` here: the same spikes and potentials, but not the same gradients, as SPAIC's lets the"
        " surrogate through its reset and its `if` does not. `ifsoftreset` is soft here: it takes the threshold off.",
        """
        >>> sj.NeuronGroup(3, model="if").model == sj.NeuronGroup(3, model="ifsoftreset").model
        False
        """,
    ),
    "outlayer": Counterpart(
        "spaic_jax.Decoder",
        "Nothing to say: any group can be read.",
        """
        >>> net.counts.dec_target is net.layer
        True
        """,
    ),
    "encoding": Counterpart(
        "spaic_jax.Encoder",
        "`coding_method=`.",
        """
        >>> sj.Encoder(num=4, coding_method="poisson").num
        4
        """,
    ),
    "decoding": Counterpart(
        "spaic_jax.Decoder",
        "`coding_method=`.",
        """
        >>> sj.Decoder(dec_target=net.layer, coding_method="spike_rate").dec_target is net.layer
        True
        """,
    ),
    "target": Counterpart(
        "spaic_jax.Decoder",
        "Of a decoder: `dec_target=`.",
        """
        >>> net.counts.dec_target is net.layer
        True
        """,
    ),
    "Reward": Counterpart(
        "spaic_jax.Reward",
        "Each sample has a reward of its own, where SPAIC takes the mean or the sum over the batch (`compat=True`). What SPAIC was"
        " called with is the run's input of the node's name.",
        """
        >>> rewarded = sj.edit.add(net, "reward", sj.Reward(dec_target=net.layer, dec_sample_step=None))
        >>> judge = sj.build(rewarded, dt=1.0)
        >>> judge.run(judge.init(key, 2), {**data, "reward": [0, 1]}, steps=10).variables["reward.reward"].tolist()
        [[1.0], [-1.0]]
        """,
    ),
    "Output_Reward": Counterpart(
        "spaic_jax.Reward",
        "The variable `<name>.reward`, one for each node: in SPAIC all nodes add to one variable.",
        """
        >>> sj.StateMonitor(sj.Reward(coding_method="environment_reward"), "reward").var_name
        'reward'
        """,
    ),
    "reward_shape": Counterpart(
        "spaic_jax.Reward",
        "`num=` of a node without a target.",
        """
        >>> sj.Reward(3, coding_method="environment_reward").shape
        (3,)
        """,
    ),
    "Action": Counterpart(
        "spaic_jax.Action",
        "Each sample acts by itself, where SPAIC takes one action for the batch; ties and silence are decided by chance, and draws come"
        " from the key of the run.",
        """
        >>> acting = sj.edit.add(net, "action", sj.Action(dec_target=net.layer, coding_method="highest_spikes_action"))
        >>> player = sj.build(acting, dt=1.0)
        >>> player.run(player.init(key, 2), data, key, steps=10).outputs["action"].shape
        (2,)
        """,
    ),
    "is_encoded": Counterpart(
        "spaic_jax.Encoder",
        "`coding_method=\"null\"` takes spikes as they are, `[T, B, ...]`.",
        """
        >>> sj.Encoder(num=4, coding_method="null").num
        4
        """,
    ),
    "times": Counterpart(
        "spaic_jax.Result.times",
        "By name of the monitor, ms: the ends of the steps.",
        """
        >>> result.times["potential"][:2].tolist()
        [1.0, 2.0]
        """,
    ),
    "values": Counterpart(
        "spaic_jax.Result.probes",
        "Time comes first: `[T, B, ...]`.",
        """
        >>> result.probes["potential"].shape
        (10, 2, 3)
        """,
    ),
    "grads": Counterpart(
        "spaic_jax.probe_gradients",
        "For monitors with `get_grad=True`; no sample is dropped.",
        """
        >>> watched = sj.Network()
        >>> watched.image, watched.layer = sj.Encoder(num=4, coding_method="constant_current"), sj.NeuronGroup(3, model="lif")
        >>> watched.synapses = sj.Connection(watched.image, watched.layer, weight=[[1.0] * 4] * 3)
        >>> watched.potential = sj.StateMonitor(watched.layer, "V", get_grad=True)
        >>> grown = sj.build(watched, dt=1.0)
        >>> slopes = sj.probe_gradients(grown, lambda r: r.probes["potential"].sum(), grown.init(key, 2), data, steps=10)
        >>> slopes["potential"].shape
        (10, 2, 3)
        """,
    ),
    "spk_times": Counterpart("spaic_jax.Result.spike_times", "The first of what it returns: the ends of the steps, ms.", _SPIKES),
    "spk_index": Counterpart("spaic_jax.Result.spike_times", "The second of what it returns.", _SPIKES),
    "spk_count": Counterpart(
        "spaic_jax.Result.probes",
        "",
        """
        >>> result.probes["spikes"].sum(0)[0].tolist()
        [3, 3, 3]
        """,
    ),
    "time_spk_rate": Counterpart(
        "spaic_jax.Result.probes",
        "A mean over the batch, by step and neuron.",
        """
        >>> result.probes["spikes"].mean(1).shape
        (10, 3)
        """,
    ),
    "time_pop_rate": Counterpart(
        "spaic_jax.RateMonitor",
        "In Hz; a step's share of neurons is the mean over them.",
        """
        >>> result.probes["spikes"].mean(2).shape
        (10, 2)
        """,
    ),
    "nbatch": Counterpart(
        "spaic_jax.Result",
        "Each run gives a result of its own: keep the last ones in a list.",
        """
        >>> kept = [sim.run(before, data, steps=10).probes["potential"] for _ in range(2)]
        >>> len(kept)
        2
        """,
    ),
}
