"""The Merkle tree over a log that only grows (RFC 9162, section 2.1), with the proofs that it is one.

    leaf        SHA-256(0x00 ‖ entry)
    node        SHA-256(0x01 ‖ left ‖ right)
    root        of n > 1 leaves: node(root of the first k, root of the rest), k the largest power of two below n;
                of none: SHA-256 of nothing

A complete subtree of 2^level leaves never changes once it is full. It is named (level, number), and all else is
computed from those that are kept: in memory (`MerkleTree`) or in a table. That is what `Nodes` answers: the hash of a
name.

    inclusion     an entry stands at an index of the tree of a size: the hashes beside its way to the root
    consistency   the tree of a size is the beginning of the tree of a greater size: nothing was changed since

Both are verified with nothing but the proof and the roots.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

HASH_SIZE = 32
_PAIR = 2 * HASH_SIZE
EMPTY_ROOT = hashlib.sha256(b"").digest()

Nodes = Callable[[int, int], bytes]
"""The hash of the complete subtree (level, number)."""


def hash_leaf(entry: bytes) -> bytes:
    """The hash of an entry."""
    return hashlib.sha256(b"\x00" + entry).digest()


def hash_node(left: bytes, right: bytes) -> bytes:
    """The hash over two subtrees."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def grown_nodes(nodes: Nodes, size: int, leaves: Iterable[bytes]) -> Iterator[tuple[int, int, bytes]]:
    """Every subtree that becomes complete when leaf hashes are added to a tree of a size: level, number, hash.

    `nodes` is asked only for subtrees that were complete before, each once.
    """
    full = [nodes(level, number) for level, number in peaks(size)]
    for index, leaf in enumerate(leaves, start=size):
        level, number, found = 0, index, leaf
        yield level, number, found
        while number & 1:
            found = hash_node(full.pop(), found)
            level, number = level + 1, number >> 1
            yield level, number, found
        full.append(found)


def peaks(size: int) -> list[tuple[int, int]]:
    """The complete subtrees that a tree of this size is made of, the greatest first."""
    return [(level, (size >> level) - 1) for level in reversed(range(size.bit_length())) if size >> level & 1]


def compute_root(nodes: Nodes, size: int) -> bytes:
    """The root of the tree of the first `size` entries."""
    return _range_hash(nodes, 0, size) if size else EMPTY_ROOT


def make_inclusion_proof(nodes: Nodes, index: int, size: int) -> list[bytes]:
    """PATH(index, D[size]) of RFC 9162, 2.1.3.1. ValueError where there is no such entry."""
    if not 0 <= index < size:
        raise ValueError(f"no entry {index} in a tree of {size}")
    proof, start, end = [], 0, size
    while end - start > 1:
        middle = start + _largest_power_below(end - start)
        if index < middle:
            proof.append(_range_hash(nodes, middle, end))
            end = middle
        else:
            proof.append(_range_hash(nodes, start, middle))
            start = middle
    return proof[::-1]


def make_consistency_proof(nodes: Nodes, first: int, second: int) -> list[bytes]:
    """PROOF(first, D[second]) of RFC 9162, 2.1.4.1; empty where the sizes are equal or the first is nothing.

    ValueError where the first is the greater.
    """
    if not 0 <= first <= second:
        raise ValueError(f"a tree of {first} is no beginning of one of {second}")
    if first in (0, second):
        return []
    proof, start, end, whole = [], 0, second, True
    while first != end:
        middle = start + _largest_power_below(end - start)
        if first <= middle:
            proof.append(_range_hash(nodes, middle, end))
            end = middle
        else:
            proof.append(_range_hash(nodes, start, middle))
            start, whole = middle, False
    if not whole:
        proof.append(_range_hash(nodes, start, end))
    return proof[::-1]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether the proof leads from the leaf hash at the index to the root of the tree of that size (2.1.3.2)."""
    if not 0 <= index < size:
        return False
    position, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            found = hash_node(beside, found)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            found = hash_node(found, beside)
        position, last = position >> 1, last >> 1
    return last == 0 and found == root


def is_consistent(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Whether the proof shows the tree of the first root to be the beginning of that of the second (2.1.4.2)."""
    if not 0 <= first <= second or (first == 0 and first_root != EMPTY_ROOT):
        return False
    if first == second:
        return not proof and first_root == second_root
    if first == 0:
        return not proof
    path = list(proof) if first & (first - 1) else [first_root, *proof]
    if not path:
        return False
    position, last = first - 1, second - 1
    while position & 1:
        position, last = position >> 1, last >> 1
    old = new = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old, new = hash_node(beside, old), hash_node(beside, new)
            while not position & 1 and position:
                position, last = position >> 1, last >> 1
        else:
            new = hash_node(new, beside)
        position, last = position >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


class MerkleTree:
    """A tree in memory: every complete subtree, 64 bytes an entry."""

    def __init__(self) -> None:
        self._levels: list[bytearray] = [bytearray()]

    @property
    def size(self) -> int:
        """How many entries it has."""
        return len(self._levels[0]) // HASH_SIZE

    def append(self, entry: bytes) -> None:
        """Add an entry."""
        self.extend([entry])

    def extend(self, entries: Sequence[bytes]) -> None:
        """Add entries: the hashes of a level together, then those of the level above that become complete by them."""
        sha256, levels = hashlib.sha256, self._levels
        found = b"".join([sha256(b"\x00" + entry).digest() for entry in entries])
        level = 0
        while found:
            if level == len(levels):
                levels.append(bytearray())
            levels[level] += found
            above = len(levels[level + 1]) if level + 1 < len(levels) else 0
            # Two hashes below for each one above; a last one without its neighbour waits.
            pairs = bytes(levels[level][2 * above : len(levels[level]) // _PAIR * _PAIR])
            found = b"".join([sha256(b"\x01" + pairs[at : at + _PAIR]).digest() for at in range(0, len(pairs), _PAIR)])
            level += 1

    def node(self, level: int, number: int) -> bytes:
        """The hash of a complete subtree."""
        return bytes(self._levels[level][number * HASH_SIZE : (number + 1) * HASH_SIZE])

    def level(self, level: int) -> bytes:
        """The hashes of all complete subtrees of a level, one after the other."""
        return bytes(self._levels[level]) if level < len(self._levels) else b""

    @property
    def levels(self) -> int:
        """How many levels have a complete subtree."""
        return len(self._levels) if self.size else 0

    def root(self, size: int | None = None) -> bytes:
        """The root, of all entries or of the first so many."""
        return compute_root(self.node, self.size if size is None else size)


def _range_hash(nodes: Nodes, start: int, end: int) -> bytes:
    """The root over the entries from `start` until before `end`, where `start` is a place at which RFC 9162 splits."""
    found: bytes | None = None
    pieces = [(level, (start >> level) + number) for level, number in peaks(end - start)]
    for level, number in reversed(pieces):
        found = nodes(level, number) if found is None else hash_node(nodes(level, number), found)
    assert found is not None, "a range has at least one entry"
    return found


def _largest_power_below(count: int) -> int:
    """The largest power of two below a count of two or more."""
    return 1 << (count - 1).bit_length() - 1
