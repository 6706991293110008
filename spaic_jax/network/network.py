"""The network: the outermost assembly."""

from spaic_jax.network.assembly import Assembly


class Network(Assembly):
    """Members by name: groups, connections, encoders, decoders, monitors and assemblies. Declaring makes no arrays.

    Two ways to declare one, which may be mixed:

        >>> from spaic_jax.network import Connection, Encoder, NeuronGroup
        >>> with Network() as net:
        ...     image = Encoder(num=4)
        ...     layer = NeuronGroup(3, model="lif")
        ...     weights = Connection(image, layer)
        >>> print(net)
        Network
          image    Encoder [4] Poisson
          layer    NeuronGroup [3] LIF
          weights  Connection Full image -> layer

        >>> class Net(Network):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.image = Encoder(num=4)
        ...         self.layer = NeuronGroup(3, model="lif")
        ...         self.weights = Connection(self.image, self.layer)
        >>> list(Net().members)
        ['image', 'layer', 'weights']

    A network is an assembly, and may become a member of another one; all else is said at `Assembly`.

    Raises:
        ValueError: two members with one name.
    """

    def _join(self) -> None:
        """A network that is made inside the `with` block of another one is no part of it unless it is assigned."""
