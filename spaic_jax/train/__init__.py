"""Training by surrogate gradients or by rules: losses, measures, the loops, checkpoints."""

from spaic_jax.coding.decoders import vote
from spaic_jax.storage import CheckpointError, load_weights, save_weights
from spaic_jax.train.activity import ActivityWarning
from spaic_jax.train.assignment import assign_labels, class_shares
from spaic_jax.train.callbacks import STOP
from spaic_jax.train.checkpoint import load_checkpoint, save_checkpoint
from spaic_jax.train.checkpoints import Checkpoints, CheckpointWarning
from spaic_jax.train.evaluation import Evaluation, evaluate
from spaic_jax.train.fitting import fit
from spaic_jax.train.keys import evaluation_key, initial_key
from spaic_jax.train.labels import check_labels
from spaic_jax.train.learning import learn
from spaic_jax.train.logging import tensorboard, wandb
from spaic_jax.train.losses import (
    LOSSES,
    count_cross_entropy,
    count_mse,
    latency_cross_entropy,
    mean_squared_error,
    membrane_cross_entropy,
    rate_cross_entropy,
    reads,
    resolve_loss,
    step_cross_entropy,
)
from spaic_jax.train.metrics import accuracy, confusion_matrix, r2
from spaic_jax.train.regularisers import REGULARISERS, rate_regulariser_lower, rate_regulariser_upper
from spaic_jax.train.seeds import fit_seeds
from spaic_jax.train.state import DivergenceWarning, FitResult, TrainingDiverged, TrainState
from spaic_jax.train.stopping import EarlyStopping, KeepBest, best_epoch, together

__all__ = [
    "LOSSES", "REGULARISERS", "STOP", "ActivityWarning", "CheckpointError", "CheckpointWarning", "Checkpoints",
    "DivergenceWarning", "EarlyStopping", "Evaluation", "FitResult", "KeepBest", "TrainState", "TrainingDiverged", "accuracy",
    "assign_labels", "best_epoch", "check_labels", "class_shares", "confusion_matrix", "count_cross_entropy", "count_mse",
    "evaluate", "evaluation_key", "fit", "fit_seeds", "initial_key", "latency_cross_entropy", "learn", "load_checkpoint",
    "load_weights", "mean_squared_error", "membrane_cross_entropy", "r2", "rate_cross_entropy", "rate_regulariser_lower",
    "rate_regulariser_upper", "reads", "resolve_loss", "save_checkpoint", "save_weights", "step_cross_entropy", "tensorboard", "together", "vote", "wandb",
]
