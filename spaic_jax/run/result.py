"""What a run gives back."""

import dataclasses

import jax

from spaic_jax.run.variables import Variables


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Health:
    """How a run went, a number a spiking group.

    Attributes:
        finite: whether every state of the run's end is free of NaN and infinities, by variable.
        spike_rate: mean spikes a neuron and step, by variable: 0 is silent, close to 1 saturated.
    """

    finite: dict[str, jax.Array]
    spike_rate: dict[str, jax.Array]

    def report(self) -> list[str]:
        """Sentences about what looks wrong; empty when nothing does."""
        bad = [f"'{name}' holds NaN or infinite values." for name, fine in self.finite.items() if not bool(fine)]
        for name, rate in self.spike_rate.items():
            if float(rate) == 0:
                bad.append(f"'{name}' never spiked.")
            elif float(rate) > 0.95:
                bad.append(f"'{name}' spiked in {float(rate):.0%} of all steps.")
        return bad


@jax.tree_util.register_dataclass
@dataclasses.dataclass(frozen=True)
class Result:
    """What a run gives back.

    Attributes:
        outputs: what each decoder says, by name, `[B, ...]`.
        probes: what each monitor kept, by name, `[T, B, ...]`, or `[B, ...]` where it reduces.
        variables: the variables after the last step: give them to the next run to continue.
        health: whether values stayed finite, and how much each group spiked.
    """

    outputs: dict[str, jax.Array]
    probes: dict[str, jax.Array]
    variables: Variables
    health: Health
