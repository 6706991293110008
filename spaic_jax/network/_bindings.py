"""Which variables the members of a `with` block are bound to."""

import types

from spaic_jax.network.element import Element


class Bindings:
    """The elements that a block declares, in order, and the names that each is bound to, the first one first.

    It looks at the variables of the block each time that an element is declared, and at the end: of names bound between
    two looks, the one that stands first in the code comes first.
    """

    def __init__(self, frame: types.FrameType):
        self.declared: list[Element] = []
        self._seen: dict[int, dict[str, None]] = {}
        self._look(frame)
        self._frame = frame

    def __call__(self, element: Element) -> None:
        """Take in an element that was declared just now."""
        self._look(self._frame)
        self.declared.append(element)

    def finish(self, frame: types.FrameType) -> dict[int, str]:
        """The name of each element that is bound to one at the end of the block, by the element's id."""
        self._look(frame)
        bound = frame.f_locals
        still = {id(value) for value in bound.values() if isinstance(value, Element)}
        return {number: next(n for n in self._seen[number] if id(bound.get(n)) == number) for number in still}

    def _look(self, frame: types.FrameType) -> None:
        code = frame.f_code
        order = {name: i for i, name in enumerate((*code.co_varnames, *code.co_cellvars, *code.co_names))}
        bound = [(name, id(value)) for name, value in frame.f_locals.items() if isinstance(value, Element)]
        for name, number in sorted(bound, key=lambda item: order.get(item[0], len(order))):
            self._seen.setdefault(number, {}).setdefault(name)
