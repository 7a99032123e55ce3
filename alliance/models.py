"""The register: every table of this app, gathered from its rooms."""

from alliance.detection.models import ParameterVersion, Sensitivity
from alliance.measures.models import Item, Measure, MeasureVersion
from alliance.ratings.models import Rating, RatingRequest
from alliance.trends.models import Flag, Reading, Standing

__all__ = [
    "Flag",
    "Item",
    "Measure",
    "MeasureVersion",
    "ParameterVersion",
    "Rating",
    "RatingRequest",
    "Reading",
    "Sensitivity",
    "Standing",
]
