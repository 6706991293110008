"""SPAIC's spellings of settings and of types that are written otherwise here: what an error about one of them adds."""

#: By SPAIC's name, how the same is written.
SPELLINGS: dict[str, str] = {
    "delay_complex_synapse": "delay=RotationDelay(...) of the connection",
    "directpass": 'link_type="null"',
    "isyn_bn": 'syn_type=["basic", "isyn_bn"]',
    "min_delay": "delay=FixedDelay(min_delay=..., max_delay=...)",
    "sparse_with_mask": 'a link_type that keeps its zeros, such as "sparse" or "one_to_one": all of them do',
    "is_sparse": 'storage="pairs"',
    "prefer_device": "jax.device_put(variables, ...) before the run",
    "neuron_model": "model=",
    "outlayer": "nothing: any group can be read by a decoder",
    "target": "dec_target=",
    "encoding": "coding_method=",
    "decoding": "coding_method=",
    "reward_shape": "num= of a Reward without a dec_target",
    "is_encoded": 'coding_method="null", which takes spikes as they are',
}
