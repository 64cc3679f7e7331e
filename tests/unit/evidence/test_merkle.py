"""The Merkle tree of RFC 9162, against the vectors of Certificate Transparency's own implementation."""

from __future__ import annotations

import pytest

from longwatch.evidence.merkle import (
    EMPTY_ROOT,
    MerkleTree,
    compute_root,
    grown_nodes,
    hash_leaf,
    hash_node,
    is_consistent,
    is_included,
    make_consistency_proof,
    make_inclusion_proof,
)

ENTRIES = [bytes.fromhex(text) for text in (
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f",
)]  # fmt: skip
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
"""Roots of the first 0, 1, … 8 entries (github.com/google/certificate-transparency, merkle tree tests)."""
INCLUSION = {
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
}
CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}


def tree_of(entries: list[bytes]) -> MerkleTree:
    """The tree of some entries."""
    tree = MerkleTree()
    for entry in entries:
        tree.append(entry)
    return tree


def defined_root(entries: list[bytes]) -> bytes:
    """MTH as section 2.1.1 words it."""
    if not entries:
        return EMPTY_ROOT
    if len(entries) == 1:
        return hash_leaf(entries[0])
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return hash_node(defined_root(entries[:split]), defined_root(entries[split:]))


def test_the_roots_are_those_of_certificate_transparency() -> None:
    tree = tree_of(ENTRIES)
    assert [tree.root(size).hex() for size in range(9)] == ROOTS


def test_the_proofs_are_those_of_certificate_transparency() -> None:
    tree = tree_of(ENTRIES)
    for (index, size), proof in INCLUSION.items():
        assert [each.hex() for each in make_inclusion_proof(tree.node, index, size)] == proof
    for (first, second), proof in CONSISTENCY.items():
        assert [each.hex() for each in make_consistency_proof(tree.node, first, second)] == proof


def test_every_proof_of_a_small_log_holds_and_no_other_does() -> None:
    """Up to 20 entries: each inclusion and each consistency, against the definition; a changed hash, place or root is
    refused."""
    entries = [b"%d" % number for number in range(20)]
    tree = tree_of(entries)
    for size in range(1, 21):
        root = defined_root(entries[:size])
        assert tree.root(size) == root
        for index in range(size):
            leaf, proof = hash_leaf(entries[index]), make_inclusion_proof(tree.node, index, size)
            assert is_included(leaf, index, size, proof, root)
            assert not is_included(hash_leaf(b"another"), index, size, proof, root)
            assert not is_included(leaf, index, size, [*proof, root], root)
            assert not is_included(leaf, index + size, size, proof, root)
            for wrong in range(size):
                assert (wrong == index) == is_included(leaf, wrong, size, proof, root)
        for first in range(size + 1):
            before, proof = tree.root(first), make_consistency_proof(tree.node, first, size)
            assert is_consistent(first, size, before, root, proof)
            if 0 < first < size:
                assert not is_consistent(first, size, hash_leaf(b"another"), root, proof)
                assert not is_consistent(first, size, before, hash_leaf(b"another"), proof)
                assert not is_consistent(first, size, before, root, proof[:-1])
                assert not is_consistent(first, size, before, root, [*proof, root])


def test_a_tree_grows_from_its_complete_subtrees_alone() -> None:
    """In pieces of any length: what is kept gives the same roots as the whole."""
    entries = [b"%d" % number for number in range(44)]
    kept: dict[tuple[int, int], bytes] = {}
    size = 0

    def node(level: int, number: int) -> bytes:
        return kept[level, number]

    for count in (1, 3, 1, 1, 6, 2, 30):
        leaves = [hash_leaf(entry) for entry in entries[size : size + count]]
        for level, number, found in list(grown_nodes(node, size, leaves)):
            kept[level, number] = found
        size += count
        assert compute_root(node, size) == defined_root(entries[:size])


def test_there_is_no_proof_of_what_is_not_there() -> None:
    tree = tree_of(ENTRIES)
    for index, size in ((8, 8), (-1, 8), (0, 0)):
        with pytest.raises(ValueError, match="no entry"):
            make_inclusion_proof(tree.node, index, size)
    with pytest.raises(ValueError, match="no beginning"):
        make_consistency_proof(tree.node, 5, 4)
