"""Questionnaires as FHIR R4 `Questionnaire`: dictionaries in and out, nothing stored.

What FHIR has a word for is said in it: numbers with minValue and maxValue, the
words at the ends as display items with the control `lower` and `upper`. What
it has none for stands in extensions under an address of our own.
"""

from alliance.measures.files import ReadMeasure

OURS = "https://alliance.example/fhir/StructureDefinition/"
HL7 = "http://hl7.org/fhir/StructureDefinition/"
MINIMUM, MAXIMUM = f"{HL7}minValue", f"{HL7}maxValue"
ORDINAL = f"{HL7}ordinalValue"
CONTROL = f"{HL7}questionnaire-itemControl"
CONTROLS = "http://hl7.org/fhir/questionnaire-item-control"
COMMENT = "comment"


def write_questionnaire(measure: ReadMeasure, *, status: str, with_wording: bool) -> dict:
    """Return a questionnaire as FHIR R4 has it; `status` is draft, active or retired.

    Without its wording only the structure is left: keys, scale, keying, scoring.
    """
    told = {
        "resourceType": "Questionnaire",
        "url": f"{OURS.rsplit('/', 2)[0]}/Questionnaire/{measure.key}",
        "version": str(measure.version),
        "name": "".join(part.title() for part in measure.key.replace("_", "-").split("-")),
        "title": measure.title if with_wording else measure.name,
        "status": status,
        "language": measure.language,
        "subjectType": ["Patient"],
        "copyright": measure.licence,
        "extension": _of_measure(measure, with_wording=with_wording),
        "item": [_item(measure, item, with_wording) for item in measure.items],
    }
    if with_wording:
        told["description"] = measure.intro
    if with_wording and measure.comment_prompt:
        asked = {"linkId": COMMENT, "type": "text", "text": measure.comment_prompt}
        told["item"].append(asked)
    return told


def _of_measure(measure, *, with_wording):
    found = [
        _ours("key", "valueCode", measure.key),
        _ours("perspective", "valueCode", measure.perspective),
        _ours("name", "valueString", measure.name),
        _ours("audience", "valueCode", measure.audience),
        _ours("purpose", "valueCode", measure.purpose),
        _ours("is-validated", "valueBoolean", measure.is_validated),
        _ours("source", "valueString", measure.source),
        _ours("translation", "valueString", measure.translation),
        _ours("guess", "valueString", measure.guess if with_wording else ""),
        _ours("method", "valueCode", measure.method),
        _ours("least-answered", "valueDecimal", measure.least_answered),
    ]
    found += [
        {
            "url": f"{OURS}norm",
            "extension": [
                {"url": "population", "valueString": norm.population},
                {"url": "n", "valueInteger": norm.n},
                {"url": "mean", "valueDecimal": norm.mean},
                {"url": "sd", "valueDecimal": norm.sd},
                {"url": "source", "valueString": norm.source},
            ],
        }
        for norm in measure.norms
    ]
    # FHIR knows no empty text.
    return [extension for extension in found if "" not in extension.values()]


def _item(measure, item, with_wording):
    ends = (measure.minimum, measure.maximum, measure.step)
    is_whole = all(float(value).is_integer() for value in ends)
    kind, number = ("valueInteger", int) if is_whole else ("valueDecimal", float)
    extensions = [
        {"url": MINIMUM, kind: number(measure.minimum)},
        {"url": MAXIMUM, kind: number(measure.maximum)},
        _control("slider"),
        _ours("step", "valueDecimal", measure.step),
        _ours("component", "valueCode", item.component),
        _ours("is-reverse", "valueBoolean", item.is_reverse),
        _ours("picture", "valueCode", item.picture),
    ]
    told = {
        "linkId": item.key,
        "type": "integer" if is_whole else "decimal",
        "required": False,
        "extension": [extension for extension in extensions if "" not in extension.values()],
    }
    if with_wording:
        told["text"] = item.text
        told["item"] = [
            {"linkId": f"{item.key}.{end}", "type": "display", "text": words}
            | {"extension": [_control(end)]}
            for end, words in (("lower", item.low), ("upper", item.high))
        ]
    return told


def _ours(name, kind, value):
    return {"url": f"{OURS}{name}", kind: value}


def _control(code):
    coding = {"system": CONTROLS, "code": code}
    return {"url": CONTROL, "valueCodeableConcept": {"coding": [coding]}}


def tables_in(told, key):
    """Return the tables in a list of FHIR's, whatever stands there."""
    value = told.get(key) if isinstance(told, dict) else None
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def extension_of(told, url):
    """Return the value of an extension, whatever its type, or None."""
    for extension in tables_in(told, "extension"):
        if extension.get("url") == url:
            return next((extension[key] for key in extension if key.startswith("value")), None)
    return None


def controls_of(told):
    control = extension_of(told, CONTROL)
    codings = tables_in(control, "coding")
    return {coding.get("code") for coding in codings if coding.get("system") == CONTROLS}
