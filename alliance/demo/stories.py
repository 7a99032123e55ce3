"""Invented people, and how it goes between them: the data of the demonstration.

A course is written one session after the other, oldest first:

    "8 7 9"   held; the client marked trust, goals and collaboration (0–10)
    "8 - 9"   held; the statements on goals were skipped
    "."       held, not rated
    "x"       the client did not come
    "c" "t"   cancelled by the client, by the therapist
"""

from dataclasses import dataclass, field

PRACTICE = "Lindenhof Practice (invented)"
CRISIS_NOTE = (
    "If you need help right now, call your local emergency number or a crisis line "
    "near you. Nobody reads this form at once."
)


@dataclass(frozen=True)
class Person:
    """A member of staff of the invented practice."""

    email: str
    name: str
    is_clinician: bool = False
    is_manager: bool = False
    is_reception: bool = False


SUPERVISOR = Person("sue@demo.example", "Sue Aldana", is_clinician=True)
MANAGER = Person("mara@demo.example", "Mara Okafor", is_manager=True)
RECEPTION = Person("rita@demo.example", "Rita Voss", is_reception=True)
THEO = Person("theo@demo.example", "Theo Brandt", is_clinician=True)
NADIA = Person("nadia@demo.example", "Nadia Rahal", is_clinician=True)
OLGA = Person("olga@demo.example", "Olga Petrenko", is_clinician=True)
PEOPLE = [SUPERVISOR, MANAGER, RECEPTION, THEO, NADIA, OLGA]
SUPERVISED = [THEO, NADIA]
# Of these only so much is told as a practice's average takes; nobody here supervises them.
COLLEAGUES = [
    Person("hanna@demo.example", "Hanna Lund", is_clinician=True),
    Person("ivo@demo.example", "Ivo Maric", is_clinician=True),
    Person("jun@demo.example", "Jun Sato", is_clinician=True),
    Person("kira@demo.example", "Kira Weiss", is_clinician=True),
]


@dataclass(frozen=True)
class Story:
    """One episode: whose, how it went, and what was written along the way.

    `own` are the therapist's own ratings in the same notation, `comments` and
    `notes` go by the place in the course, counted from 0.
    """

    code: str
    tells: str
    therapist: Person
    course: list[str]
    days_ago: int
    hour: int
    name: str = ""
    language: str = ""
    own: list[str] = field(default_factory=list)
    comments: dict[int, str] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    setting: str = "in_person"
    ending: str = ""
    handed_to: Person | None = None
    course_after: list[str] = field(default_factory=list)


# Who comes today, and in how many hours from when the demonstration is made.
TODAY = {"D-162": -1, "L-047": 2}

STORIES = [
    Story(
        code="M-104",
        tells="steady",
        therapist=THEO,
        days_ago=7,
        hour=9,
        name="Invented Person M",
        course=[
            *("8 7 8", "8 8 8", "7 8 8", "8 8 9", "8 7 8", ".", "8 8 8", "9 8 8"),
            *("8 8 7", "8 8 8", "8 7 8", "8 8 8", "9 8 8", "8 8 8"),
        ],
    ),
    Story(
        code="K-231",
        tells="sudden drop and repair",
        therapist=THEO,
        days_ago=2,
        hour=11,
        course=[
            *("7 7 7", "8 7 7", "8 8 7", "8 8 8", "8 8 8", "9 8 8", "4 5 3", "6 7 6"),
            *("8 8 7", "8 8 8", "9 8 8", "9 8 9"),
        ],
        notes={
            6: "Pushed on with the exercise although K. had gone quiet.",
            7: "Spoke about last week first; agreed to slow down.",
        },
    ),
    Story(
        code="B-318",
        tells="drop not repaired",
        therapist=THEO,
        days_ago=1,
        hour=15,
        course=[
            *("8 8 8", "8 7 8", "8 8 7", "9 8 8", "8 8 8", "8 8 8", "8 7 8", "8 8 8"),
            *("6 4 5", "6 4 5", "5 3 4"),
        ],
        notes={8: "Moved on to the work goals as planned."},
    ),
    Story(
        code="F-077",
        tells="a comment waiting to be read",
        therapist=THEO,
        days_ago=1,
        hour=10,
        course=["6 7 7", "7 7 6", "7 7 7", ".", "7 8 7", "7 7 7", "8 7 7", "7 6 5"],
        comments={7: "We spent most of the time on my job. I had hoped to talk about my father."},
    ),
    Story(
        code="R-450",
        tells="only two ratings so far",
        therapist=THEO,
        days_ago=3,
        hour=16,
        course=["6 5 6", "7 5 6"],
        setting="video",
    ),
    Story(
        code="D-162",
        tells="the therapist's ratings beside the client's",
        therapist=THEO,
        days_ago=4,
        hour=13,
        course=[
            *("7 6 7", "7 7 7", "8 7 7", "8 7 8", "7 7 7", "8 8 8", "8 7 7", "8 8 8"),
            *("8 8 7", "8 8 8"),
        ],
        own=[
            *("6 6 6", "6 6 6", "7 6 6", "6 6 7", ".", "7 7 6", "6 6 6", "7 7 7"),
            *("7 6 7", "7 7 7"),
        ],
    ),
    Story(
        code="V-009",
        tells="ended as planned",
        therapist=THEO,
        days_ago=40,
        hour=14,
        course=[
            *("6 6 6", "7 6 7", "7 7 7", "7 7 7", "8 7 8", "8 8 8", ".", "8 8 8"),
            *("8 8 9", "9 8 9", "9 9 9"),
        ],
        ending="planned",
    ),
    Story(
        code="A-515",
        tells="rising",
        therapist=NADIA,
        days_ago=2,
        hour=9,
        course=[
            *("4 4 4", "5 4 4", "5 5 5", "5 5 6", "6 5 6", "6 6 6", "7 6 6", "7 7 7"),
            *("7 7 7", "8 7 8", "8 8 8", "8 8 9"),
        ],
    ),
    Story(
        code="S-283",
        tells="slow slide",
        therapist=NADIA,
        days_ago=3,
        hour=11,
        course=[
            *("9 8 9", "9 9 8", "8 9 8", "9 8 8", "8 8 8", "8 8 7", "8 7 8", "7 7 7"),
            *("8 7 7", "7 7 6", "7 6 6", "6 6 6", "6 5 6", "6 5 5"),
        ],
    ),
    Story(
        code="W-340",
        tells="stops rating",
        therapist=NADIA,
        days_ago=1,
        hour=12,
        course=[
            *("7 7 6", "7 7 7", "7 7 7", "8 7 7", "7 7 7", "7 6 6", "6 6 5", "."),
            *("x", ".", ".", "."),
        ],
        setting="video",
    ),
    Story(
        code="N-126",
        tells="a form in a right-to-left language",
        therapist=NADIA,
        days_ago=5,
        hour=10,
        language="ar",
        course=["6 6 5", "7 6 6", "7 7 6", "7 7 7", "8 7 7", ".", "8 7 8", "8 8 8"],
    ),
    Story(
        code="T-201",
        tells="always top marks",
        therapist=NADIA,
        days_ago=2,
        hour=15,
        course=["10 10 10"] * 9 + ["."] + ["10 10 10"] * 2,
    ),
    Story(
        code="H-388",
        tells="handover from one therapist to another",
        therapist=OLGA,
        days_ago=4,
        hour=13,
        course=["7 7 7", "8 7 7", "8 8 7", "8 8 8", "8 8 8", "8 8 9", "9 8 8", "8 8 8"],
        handed_to=NADIA,
        course_after=["6 6 5", "6 7 6", "7 7 7", "7 7 7", "8 7 7"],
    ),
    Story(
        code="L-047",
        tells="low from the start",
        therapist=THEO,
        days_ago=3,
        hour=9,
        course=[
            *("4 3 4", "4 4 3", "5 3 4", "4 3 4", "4 4 4", "5 4 4", "4 3 4", "4 4 4"),
            *("5 4 4", "4 3 4"),
        ],
    ),
    Story(
        code="C-222",
        tells="missed and cancelled sessions",
        therapist=NADIA,
        days_ago=6,
        hour=16,
        course=[
            *("7 7 7", "7 8 7", "x", "7 7 7", "c", "8 7 7", "8 8 7", "x"),
            *("c", "7 7 6", "t", "7 7 7", "x", "7 - 7", "8 7 7"),
        ],
    ),
    Story(
        code="P-610",
        tells="steady, by phone",
        therapist=OLGA,
        days_ago=1,
        hour=11,
        course=[
            *("7 7 8", "8 7 8", "8 8 8", "7 8 8", "8 7 7", ".", "8 8 8", "8 7 8"),
            *("8 8 8", "7 8 8", "8 8 8"),
        ],
        setting="phone",
    ),
]

OTHERS = [
    Story(
        code=f"{colleague.name[0]}-{310 + number}",
        tells="one of a colleague’s",
        therapist=colleague,
        days_ago=2 + number,
        hour=13,
        course=[course, course],
    )
    for colleague, courses in zip(
        COLLEAGUES,
        [
            ["8 8 7", "7 7 7", "9 8 9", "6 5 6", "8 7 8", "7 8 7"],
            ["8 7 8", "9 9 9", "7 6 7", "8 8 8", "5 6 6"],
            ["7 7 8", "8 8 8", "6 7 6", "9 8 9", "7 7 7", "8 9 8"],
            ["9 9 8", "7 7 8", "8 7 7", "6 6 7", "8 8 9"],
        ],
        strict=True,
    )
    for number, course in enumerate(courses)
]


@dataclass(frozen=True)
class Couple:
    """Two clients who come together: what each said of the same meetings, by their codes."""

    code: str
    tells: str
    therapist: Person
    courses: dict[str, list[str]]
    days_ago: int
    hour: int


COUPLE = Couple(
    code="LINDEN",
    tells="further apart at the last meeting than before, though neither stands out alone",
    therapist=THEO,
    days_ago=4,
    hour=17,
    courses={
        "E-701": ["7 7 7", "7 7 8", "7 6 7", "7 7 7", "8 7 7", "7 7 7", "9 9 9"],
        "G-702": ["6 7 6", "7 6 7", ".", "6 6 7", "7 6 6", "6 7 7", "5 4 5"],
    },
)
# By client: their goals, each with the places in the course where it was worked on, and how near
# it was, by place, as client and therapist said it.
GOALS = {
    "B-318": [
        ("To tell my brother what I need without shouting.", {2, 3, 4, 6}, {2: (2, 3), 7: (5, 5)}),
        ("To find work that leaves me evenings.", {8, 9, 10}, {8: (1, 4), 10: (1, 5)}),
    ],
    "K-231": [("To sleep through before an exam.", {1, 2, 4, 5, 8, 9}, {1: (3, 4), 9: (7, 6)})],
}
