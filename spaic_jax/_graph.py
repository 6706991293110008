"""Strongly connected components of a directed graph."""

from collections.abc import Mapping, Sequence


def components(followers: Mapping[int, Sequence[int]]) -> list[list[int]]:
    """The strongly connected components, each before those it leads to; nodes keep their order within one.

    Args:
        followers: for every node the nodes it leads to.

    Tarjan's algorithm (SIAM J. Comput. 1972), without recursion, so that long chains do not exhaust the stack.

    >>> components({0: [1], 1: [2], 2: [1], 3: []})
    [[3], [0], [1, 2]]
    """
    index: dict[int, int] = {}
    lowest: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    found: list[list[int]] = []
    for root in followers:
        if root in index:
            continue
        work = [(root, iter(followers[root]))]
        index[root] = lowest[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            node, rest = work[-1]
            for follower in rest:
                if follower not in index:
                    index[follower] = lowest[follower] = len(index)
                    stack.append(follower)
                    on_stack.add(follower)
                    work.append((follower, iter(followers[follower])))
                    break
                if follower in on_stack:
                    lowest[node] = min(lowest[node], index[follower])
            else:
                work.pop()
                if work:
                    lowest[work[-1][0]] = min(lowest[work[-1][0]], lowest[node])
                if lowest[node] == index[node]:
                    component: list[int] = []
                    while not component or component[-1] != node:
                        component.append(stack.pop())
                        on_stack.discard(component[-1])
                    found.append(sorted(component))
    return found[::-1]
