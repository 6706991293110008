"""Names of nodes as names of members, and back."""

import re
from urllib.parse import unquote

#: What a name of a member must not hold, the sign of an escape, and the sign that only members made by an import have.
_ESCAPED = re.compile(r"[%./\[\]:]")


def escaped(path: str) -> str:
    """The path of the member that a node becomes: as it is, but for signs that names of members do not hold.

    Args:
        path: the names of nested graphs and of the node, joined by `/`.

    >>> escaped("lif1.w_rec"), escaped("cortex/lif")
    ('lif1%2Ew_rec', 'cortex/lif')
    """
    return "/".join(_ESCAPED.sub(lambda sign: f"%{ord(sign[0]):02X}", name) for name in path.split("/"))


def unescaped(path: str) -> str:
    """The path of the node that a member was made of.

    >>> unescaped("lif1%2Ew_rec"), unescaped(escaped("50%.[a]"))
    ('lif1.w_rec', '50%.[a]')
    """
    return unquote(path)


def node_path(path: str) -> str:
    """The path of the node that a member of any network is written as: that of `unescaped`, unless a name would hold `/`.

    >>> node_path("cortex/lif1%2Ew_rec")
    'cortex/lif1.w_rec'
    """
    return "/".join(name if "/" in (plain := unescaped(name)) else plain for name in path.split("/"))
