"""Networks that learn by local rules and rewards alone: XOR, and a pole that is balanced in a loop with its environment."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj
from spaic_jax.plasticity import RULES

#: An answer to XOR is one if the neuron fires in a tenth of the steps.
STEPS, FIRES = 50, 5


def xor_network(seed, hidden=100):
    """Two bits, each of 10 lines for one and 10 for zero; a hidden layer of random features; one neuron that learns."""
    features = np.random.default_rng(seed).normal(0.0, 0.03, (hidden, 2))
    rule = RULES["rstdp"](lr=0.005, tau_plus=10.0, a_minus=0.0)
    with sj.Network() as net:
        bits = sj.Encoder(num=40, coding_method="poisson")
        layer = sj.NeuronGroup(hidden, model="lif", tau_m=10.0)
        answer = sj.NeuronGroup(1, model="lif", tau_m=10.0)
        sj.Connection(bits, layer, weight=np.repeat(np.concatenate([features, -features], 1), 10, 1), is_parameter=False)
        sj.Connection(layer, answer, weight=sj.program.Uniform(0.0, 0.2), w_min=-0.5, w_max=0.5, plasticity=rule)
        sj.Reward(name="reward", dec_target=answer, coding_method="xor_reward", punish_signal=-4.0)
        sj.Decoder(name="counts", dec_target=answer)
    return net


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_xor_is_learned_from_rewards(seed):
    cases = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    wanted = cases[:, 0] ^ cases[:, 1]
    lines = np.repeat(np.concatenate([cases, 1 - cases], 1), 10, 1)
    data = {"bits": 0.3 * lines, "reward": wanted}
    sim = sj.build(xor_network(seed), dt=1.0)
    variables = sim.init(jax.random.key(seed), 4)

    def right(variables, first):
        counts = (sim.run(sim.restart(variables), data, jax.random.key(first + i), STEPS).outputs["counts"] for i in range(25))
        return np.mean([(np.asarray(c)[:, 0] >= FIRES) == wanted for c in counts])

    assert right(variables, 0) < 0.8
    for presentation in range(100):
        variables = sim.train().run(sim.restart(variables), data, jax.random.key(1000 + presentation), STEPS).variables
    assert right(variables, 5000) == 1.0


#: A window of the network, in steps, is one step of the pole; the discount of rewards by window.
WINDOW, DISCOUNT = 5, 0.95
#: The boxes of Barto, Sutton and Anderson (1983): position, velocity, angle, angular velocity.
EDGES = ((-0.8, 0.8), (-0.5, 0.5), np.radians((-6, -1, 0, 1, 6)), np.radians((-50, 50)))
PLACES = 162


def place_of(state):
    """The box that a state lies in."""
    boxes = [np.digitize(x, edges) for x, edges in zip(state, EDGES, strict=True)]
    return int(np.ravel_multi_index(boxes, [len(edges) + 1 for edges in EDGES]))


def actor_and_critic(critics=50):
    """Place cells drive two neurons that act, rivals that noise makes explore, and a population whose rate is a value.

    Both learn from the same reward: the error of the value, as in Fremaux, Sprekeler and Gerstner (2013).
    """

    def rule(lr):
        return RULES["rstdpet"](lr=lr, tau_plus=2.0, a_minus=0.0, tau_e=30.0, tau_e_trace=30.0)

    with sj.Network() as net:
        place = sj.Encoder(num=PLACES, coding_method="null")
        noise = sj.Generator(8, "poisson_generator", rate=5.0)
        actor = sj.NeuronGroup(2, model="lif", tau_m=10.0)
        critic = sj.NeuronGroup(critics, model="ifsoftreset")
        sj.Connection(place, actor, weight=sj.program.Constant(0.25), w_min=0.0, w_max=1.0, plasticity=rule(0.5))
        sj.Connection(place, critic, weight=sj.program.Uniform(0.3, 0.7), w_min=0.0, w_max=1.0, plasticity=rule(0.2))
        sj.Connection(noise, actor, weight=np.kron(np.eye(2), np.full((1, 4), 0.15)), is_parameter=False)
        sj.Connection(actor, actor, weight=[[0.0, -1.0], [-1.0, 0.0]], is_parameter=False)
        sj.Reward(name="reward", coding_method="environment_reward")
        sj.Action(name="action", dec_target=actor, coding_method="highest_spikes_action")
        scale = {"pop_size": critics, "bias": -0.5 * critics, "scale": 2.0 / critics}
        sj.Decoder(name="value", dec_target=critic, coding_method="spike_rate", **scale)
    return net


def play(env, sim, seed, episodes):
    """The returns of episodes, in which the network learns."""
    keys = jax.random.split(jax.random.key(seed), episodes + 1)

    @jax.jit
    def window(variables, place, error, key):
        """The state of the pole for a window; the error of the value before it comes in its first step."""
        places = jnp.broadcast_to(jax.nn.one_hot(place, PLACES), (WINDOW, 1, PLACES))
        result = sim.run(variables, {"place": places, "reward": jnp.zeros((WINDOW, 1)).at[0, 0].set(error)}, key)
        return result.variables, result.outputs["action"][0], result.outputs["value"][0, 0]

    variables, returns = sim.init(keys[-1]), []
    for episode in range(episodes):
        state, _ = env.reset(seed=1000 * seed + episode)
        # Neurons of the critic begin anywhere between two spikes, so that their mean tells values finely.
        phases = jax.random.uniform(keys[episode], variables["critic.V"].shape)
        variables = sim.set(sim.restart(variables), {"critic.V": phases})
        total, error, before, failed, late = 0, 0.0, None, False, False
        while not (failed or late):
            variables, action, value = window(variables, place_of(state), error, keys[episode])
            error = 0.0 if before is None else DISCOUNT * float(value) - before
            before = float(value)
            state, _, failed, late, _ = env.step(int(action))
            total += 1
        if failed:
            # Nothing is seen any more; a failure is worth -1.
            variables, _, _ = window(variables, -1, -1.0 - before, keys[episode])
        returns.append(total)
    return np.array(returns)


@pytest.mark.slow
def test_a_pole_is_balanced_in_a_loop_with_its_environment():
    env = pytest.importorskip("gymnasium").make("CartPole-v1")
    sim = sj.build(actor_and_critic(), dt=1.0).train()
    returns = np.array([play(env, sim, seed, 240) for seed in range(3)])
    print(returns[:, -50:].mean(1))
    assert returns[:, :20].mean() < 50
    assert returns[:, -50:].mean() >= 150
