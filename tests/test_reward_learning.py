"""Networks that learn by local rules and rewards alone: XOR, and a pole that is balanced in a loop with its environment."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import spaic_jax as sj

CONFIGS = Path(__file__).parent.parent / "configs"
#: An answer to XOR is one if the neuron fires in a tenth of the steps.
STEPS, FIRES = 50, 5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
def test_xor_is_learned_from_rewards(seed):
    cases = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    wanted = cases[:, 0] ^ cases[:, 1]
    lines = np.repeat(np.concatenate([cases, 1 - cases], 1), 10, 1)
    features = np.random.default_rng(seed).normal(0.0, 0.03, (100, 2)).astype("float32")
    data = {"bits": 0.3 * lines, "reward": wanted}
    sim = sj.build(sj.load_network(CONFIGS / "xor.toml"), dt=1.0)
    weights = np.repeat(np.concatenate([features, -features], 1), 10, 1)
    variables = sim.set(sim.init(jax.random.key(seed), 4), {"features.weight": weights})

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
    sim = sj.build(sj.load_network(CONFIGS / "cartpole.toml"), dt=1.0).train()
    returns = np.array([play(env, sim, seed, 240) for seed in range(3)])
    print(returns[:, -50:].mean(1))
    assert returns[:, :20].mean() < 50
    assert returns[:, -50:].mean() >= 150
