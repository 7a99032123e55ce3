"""The register: every table of this app, gathered from its rooms."""

from alliance.asking.models import Arrangement, AskingRules
from alliance.asking.standing_models import StandingLink
from alliance.detection.models import ParameterVersion, Sensitivity
from alliance.digests.models import Digest
from alliance.follow_up.models import Acknowledgement, FollowUp
from alliance.follow_up.own_models import PracticePrompt, Reflection
from alliance.goals.models import Goal, GoalMark, GoalTick
from alliance.measures.licences import Licence
from alliance.measures.models import Item, Measure, MeasureVersion
from alliance.patterns.models import PracticeFigures
from alliance.ratings.models import Comment, Rating, RatingRequest
from alliance.sending.models import Message
from alliance.supervision.models import (
    AgendaItem,
    AgreedAction,
    PrivateNote,
    SupervisionMeeting,
)
from alliance.trends.models import Flag, Reading, Standing
from alliance.trends.own_first_models import OwnFirst, ShownUnrated

__all__ = [
    "Acknowledgement",
    "AgendaItem",
    "AgreedAction",
    "Arrangement",
    "AskingRules",
    "Comment",
    "Digest",
    "Flag",
    "FollowUp",
    "Goal",
    "GoalMark",
    "GoalTick",
    "Item",
    "Licence",
    "Measure",
    "MeasureVersion",
    "Message",
    "OwnFirst",
    "ParameterVersion",
    "PracticeFigures",
    "PracticePrompt",
    "PrivateNote",
    "Rating",
    "RatingRequest",
    "Reading",
    "Reflection",
    "Sensitivity",
    "ShownUnrated",
    "Standing",
    "StandingLink",
    "SupervisionMeeting",
]
