"""The register: every table of this app, gathered from its rooms."""

from alliance.measures.models import Item, Measure, MeasureVersion
from alliance.ratings.models import Rating, RatingRequest
from alliance.trends.models import Reading, Standing

__all__ = [
    "Item",
    "Measure",
    "MeasureVersion",
    "Rating",
    "RatingRequest",
    "Reading",
    "Standing",
]
