"""A zip that lies elsewhere (web, bucket): fetched whole, then read as one on disk."""

from __future__ import annotations

import hashlib

from connectors.places.fetching import Budget, check_sha256
from connectors.places.place import Place
from connectors.places.visit import Visit
from connectors.places.zipped import ZipPlace
from longwatch.study import SourceSpec


def fetch_zip(place: Place, name: str, source: SourceSpec, visit: Visit) -> ZipPlace:
    """The zip of a place that holds it alone, in the working folder of the pull.

    Raises SourceError: those of the place, LW-SRC-100 (too much), LW-SRC-101 (not the one of `sha256:`). OSError where
    the folder cannot be written.
    """
    visit.progress(f"fetching {place.where}")
    (name,) = place.names()
    digest, budget = hashlib.sha256(), Budget(visit.access.limits)
    path = visit.work / f"{len(list(visit.work.iterdir()))}.zip"
    with path.open("xb") as arriving:
        for piece in place.chunks(name):
            budget.spend(len(piece), place.where)
            digest.update(piece)
            arriving.write(piece)
    if name in source.sha256:
        check_sha256(digest.hexdigest(), source.sha256[name], place.where)
    return ZipPlace(path, visit.access.zips, visit.access.children, shown=place.where)
