"""The arithmetic on a command line: what comes out, and what is refused in one sentence."""

import csv
import io
import os
import re
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from math import isnan, nan
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple
from unittest import mock

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alliance.psychometrics.agreement import agree
from alliance.psychometrics.change import assess_changes
from alliance.psychometrics.commands import COMMANDS, main
from alliance.psychometrics.commands.rehearse import rules_for
from alliance.psychometrics.detector import PRESETS, Parameters, detect
from alliance.psychometrics.fitting import as_rows, blend, fit_parameters, start_values
from alliance.psychometrics.rehearsal import rehearse_courses, rehearse_history
from alliance.psychometrics.shrinkage import shrink
from alliance.psychometrics.simulation import REFERENCE, SCENARIOS
from alliance.psychometrics.smoother import fit_local_level, smooth, smooth_local_level

ROOT = Path(__file__).resolve().parents[2]
CASES = ROOT / "tests" / "cases"
PLAIN = Parameters(m=36, sb2=9.6, ss2=4.0, se2=2.4, phi=0.4)
FIVE = ("--m", "36", "--sb2", "9.6", "--ss2", "4", "--se2", "2.4", "--phi", ".4")
CENSORED = ("--m", "37.5", "--sb2", "10.5", "--ss2", "4.15", "--se2", "3.05", "--phi", ".44")
OF_GROUPS = {
    "change": ("client,pre,post", ("-", "--reliability", ".8", "--better", "higher")),
    "shrink": ("unit,estimate,variance", ("-",)),
    "agree": ("dyad,occasion,client,therapist", ("-",)),
}
OF_COURSES = {
    "detect": ("client,session,y", ("-", *FIVE)),
    "smooth": ("session,y", ("-", *FIVE)),
    "fit": ("client,session,y", ("-",)),
    "rehearse": ("client,session,y", ("--history", "-", "--repeats", "2", *FIVE)),
}
EACH = {**OF_COURSES, **OF_GROUPS}


class Said(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def rows(self):
        return list(csv.DictReader(io.StringIO(self.out)))


def say(*arguments, given=b""):
    """Run a command line in this process, with `given` on standard input."""
    out, err = io.StringIO(), io.StringIO()
    stdin = SimpleNamespace(buffer=io.BytesIO(given))
    with redirect_stdout(out), redirect_stderr(err), mock.patch("sys.stdin", stdin):
        code = main([str(argument) for argument in arguments])
    return Said(code, out.getvalue(), err.getvalue())


def run(*arguments, given=None, **values):
    """Run the real command in a process of its own."""
    line = [sys.executable, "-m", "alliance.psychometrics", *map(str, arguments)]
    return subprocess.run(line, cwd=ROOT, input=given, capture_output=True, **values)


def is_one_sentence(text):
    return text.endswith(".\n") and text.count("\n") == 1 and len(text) > 10


def table(head, *rows):
    return "\n".join([head, *rows, ""]).encode()


def read(cell):
    told = {"": nan, "True": True, "False": False}
    return told[cell] if cell in told else float(cell)


def same(one, other, tolerance=0.0):
    return (isnan(one) and isnan(other)) or one == pytest.approx(other, abs=tolerance, rel=0)


# --- The real command ---


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("P12_detector_H1_vectors.csv", FIVE),
        ("P13_detector_censored_vectors.csv", (*CENSORED, "--cens", "39.6")),
    ],
)
def test_the_command_gives_the_reference_vectors_of_the_detector(name, options):
    done = run("detect", CASES / name, *options, text=True, check=True)
    assert done.stderr == ""
    with (CASES / name).open() as lines:
        expected = list(csv.DictReader(lines))
    found = list(csv.DictReader(io.StringIO(done.stdout)))
    assert len(found) == len(expected) > 20
    for row, told in zip(expected, found, strict=True):
        assert (row["client"], row["session"]) == (told["client"], told["session"])
        for column in set(row) - {"client", "session"}:
            assert same(read(row[column]), read(told[column]), 1e-8), (row, column)


def test_the_command_runs_without_django_and_without_settings():
    code = (
        "import sys; from alliance.psychometrics.commands import main; main(['--help']);"
        "sys.exit(any(name.split('.')[0] == 'django' for name in sys.modules))"
    )
    bare = {key: value for key, value in os.environ.items() if "DJANGO" not in key}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, env=bare)
    assert done.returncode == 0, done.stderr


def test_what_is_wrong_ends_in_one_sentence_and_exit_code_2():
    done = run("detect", "nowhere.csv", *FIVE, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "nowhere.csv cannot be read: No such file or directory.\n"


def test_a_dash_reads_standard_input():
    done = run("smooth", "-", *FIVE, given=table("session,y", "1,36", "2,"), check=True)
    assert done.stdout.startswith(b"session,y,level,level_var\n1,36.0,")
    assert done.stderr.startswith(b"log-likelihood -")


@pytest.mark.parametrize("arguments", [("detect", "-", *FIVE), ("--help",)])
def test_a_pipe_that_closes_early_ends_quietly(arguments):
    rows = (f"A,{session},36" for session in range(1, 5000))
    line = [sys.executable, "-m", "alliance.psychometrics", *arguments]
    with subprocess.Popen(
        line, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        process.stdout.close()
        if "-" in arguments:
            process.stdin.write(table("client,session,y", *rows))
        process.stdin.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


if Path("/dev/full").exists():

    def test_a_full_disk_is_told_in_one_sentence():
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [sys.executable, "-m", "alliance.psychometrics", "smooth", "-", *FIVE],
                cwd=ROOT,
                input=table("session,y", "1,36"),
                stdout=full,
                stderr=subprocess.PIPE,
            )
        assert done.returncode == 2
        assert is_one_sentence(done.stderr.decode())


def test_a_name_with_letters_of_any_script_comes_out_as_it_went_in():
    given = "client,session,y\nΖωή 李,1,36\n".encode()
    bare = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = run("detect", "-", *FIVE, given=given, check=True, env=bare)
    assert "Ζωή 李,1,36.0," in done.stdout.decode()


@pytest.mark.parametrize("command", [None, *(command.name for command in COMMANDS)])
def test_help_names_the_columns_and_the_sources(command):
    said = say(*([command] if command else []), "--help")
    assert said.code == 0
    assert said.err == ""
    if command is None:
        assert all(f"    {command.name} " in said.out for command in COMMANDS)
    else:
        assert "Sources: " in said.out
    if command in EACH:
        assert EACH[command][0].replace(",", ", ") in said.out


# --- detect ---


def test_sessions_that_do_not_appear_between_two_that_do_were_held_and_not_rated():
    rows = say("detect", "-", *FIVE, given=table("client,session,y", "A,3,36", "A,6,37")).rows
    assert [(row["session"], row["y"]) for row in rows] == [
        ("3", "36.0"),
        ("4", ""),
        ("5", ""),
        ("6", "37.0"),
    ]
    for row, finding in zip(rows, detect([36, None, None, 37], PLAIN), strict=True):
        assert all(same(read(row[name]), value) for name, value in finding._asdict().items())


def test_clients_come_in_the_order_of_their_first_row_and_sessions_in_their_own():
    told = table("y,client,remark,session", "1,B,x,2", "2,A,,1", "3,B,y,1")
    rows = say("detect", "-", *FIVE, given=told).rows
    assert [(row["client"], row["session"], row["y"]) for row in rows] == [
        ("B", "1", "3.0"),
        ("B", "2", "1.0"),
        ("A", "1", "2.0"),
    ]


def test_the_mark_that_some_programs_put_before_a_text_is_passed_over():
    told = "\ufeffclient,session,y\nA,1,36\n".encode()
    assert say("detect", "-", *FIVE, given=told).rows[0]["client"] == "A"


def test_a_preset_is_taken_and_what_is_given_besides_goes_before_it():
    told = table("client,session,y", *(f"A,{n},{y}" for n, y in enumerate((37, 36, 37, 33.0), 1)))
    ratings = [37, 36, 37, 33.0]
    for options, rules in (
        (("--preset", "sensitive"), PRESETS["sensitive"]),
        (("--preset", "quiet"), PRESETS["quiet"]),
        ((), PRESETS["standard"]),
    ):
        row = say("detect", "-", *FIVE, *options, given=told).rows[-1]
        assert read(row["watch"]) == detect(ratings, PLAIN, rules)[-1].watch
    row = say("detect", "-", *FIVE, "--preset", "quiet", "--watch", ".9", given=told).rows[-1]
    assert row["watch"] == "True"
    row = say("detect", "-", *FIVE, "--pi", ".5", given=told).rows[-1]
    assert float(row["pr_drop"]) > detect(ratings, PLAIN)[-1].pr_drop


numbers_of_a_scale = st.none() | st.floats(0, 40) | st.integers(0, 40).map(float)


@settings(max_examples=50)
@given(
    st.lists(st.lists(numbers_of_a_scale, min_size=1, max_size=12), min_size=1, max_size=4),
    st.none() | st.floats(30, 40),
)
def test_the_command_says_what_the_detector_says_to_the_last_digit(courses, ceiling):
    rows = [
        f"client {client},{session},{'' if y is None else repr(y)}"
        for client, ratings in enumerate(courses)
        for session, y in enumerate(ratings, 1)
    ]
    options = () if ceiling is None else ("--cens", repr(ceiling))
    said = say("detect", "-", *FIVE, *options, given=table("client,session,y", *rows))
    assert said.code == 0
    parameters = Parameters(36.0, 9.6, 4.0, 2.4, 0.4, ceiling)
    findings = [finding for ratings in courses for finding in detect(ratings, parameters)]
    for row, finding in zip(said.rows, findings, strict=True):
        for name, value in finding._asdict().items():
            assert same(read(row[name]), value), name


# --- smooth ---


def test_smooth_gives_the_level_and_its_variance_for_each_held_session():
    ratings = [36.0, None, 31.0, 37.5]
    said = say("smooth", "-", *FIVE, given=table("session,y", "2,36", "4,31", "5,37.5"))
    smoothed = smooth(ratings, PLAIN)
    assert [row["session"] for row in said.rows] == ["2", "3", "4", "5"]
    assert [float(row["level"]) for row in said.rows] == list(smoothed.level)
    assert [float(row["level_var"]) for row in said.rows] == list(smoothed.variance)
    assert said.err == f"log-likelihood {smoothed.loglik!r}\n"


def test_the_local_level_takes_its_variances_or_looks_for_them():
    ratings = [float((place * 7) % 5) + place / 3 for place in range(20)]
    told = table("session,y", *(f"{place},{y!r}" for place, y in enumerate(ratings, 1)))
    local = ("smooth", "-", "--model", "local-level")
    said = say(*local, "--obs-var", "2", "--level-var", ".5", given=told)
    smoothed = smooth_local_level(ratings, obs_var=2, level_var=0.5)
    assert [float(row["level"]) for row in said.rows] == list(smoothed.level)
    fitted = fit_local_level(ratings)
    said = say(*local, "--fit", given=told)
    assert f"obs-var {fitted.obs_var!r}, level-var {fitted.level_var!r}\n" in said.err
    held = fit_local_level(ratings, obs_var=2)
    said = say(*local, "--fit", "--obs-var", "2", given=told)
    assert f"obs-var 2.0, level-var {held.level_var!r}\n" in said.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "missing: --m, --sb2, --ss2, --se2, --phi"),
        ((*FIVE, "--fit"), "--fit does not go with the model alliance"),
        ((*FIVE, "--obs-var", "1"), "--obs-var does not go with the model alliance"),
        (("--model", "local-level"), "--obs-var and --level-var, or --fit"),
        (("--model", "local-level", "--obs-var", "1"), "--obs-var and --level-var, or --fit"),
        (("--model", "local-level", "--fit", "--m", "3"), "--m does not go with"),
        (("--model", "local-level", "--fit", "--level-var", "1"), "what --fit looks for"),
        (("--model", "local-level", "--fit"), "a fit needs 12 ratings"),
        (("--model", "local-level", "--obs-var", "-1", "--level-var", "1"), "variance"),
        (("--model", "local-level", "--obs-var", "0", "--level-var", "0"), "above zero"),
        (("--model", "alliances"), "invalid choice"),
    ],
)
def test_options_of_smooth_that_do_not_go_together_are_refused(options, words):
    said = say("smooth", "-", *options, given=table("session,y", "1,36", "2,37"))
    assert said.code == 2
    assert words in said.err
    assert is_one_sentence(said.err)


def test_smooth_takes_one_series_with_a_rating():
    said = say("smooth", "-", *FIVE, given=table("session,y", "1,3", "1,4"))
    assert said.err == (
        "standard input, line 3: session 1 appears twice, and smooth takes one series at a time.\n"
    )
    local = ("smooth", "-", "--model", "local-level", "--obs-var", "1", "--level-var", "1")
    assert say(*local, given=table("session,y", "1,", "2,")).err == "there is no rating.\n"


# --- change, shrink, agree ---


def test_change_gives_index_and_category_and_counts():
    pre, post = [10.0, 12.0, None, 20.0, 14.0], [22.0, 12.5, 7.0, 9.0, None]
    each = enumerate(zip(pre, post, strict=True))
    told = [f"C{n},{a},{b}".replace("None", "") for n, (a, b) in each]
    options = ("--reliability", ".8", "--better", "higher")
    said = say("change", "-", *options, given=table("client,pre,post", *told))
    found = assess_changes(pre, post, reliability=0.8, better="higher")
    for row, index, category in zip(said.rows, found.index, found.categories, strict=True):
        assert same(read(row["rci"]), float(index))
        assert row["category"] == (category or "")
    assert "improved 1, unchanged 1, deteriorated 1, missing 2\n" in said.err
    en = say("change", "-", *options, "--method", "en", given=table("client,pre,post", *told))
    assert en.rows[0]["rci"] != said.rows[0]["rci"]


def test_change_knows_recovery_from_two_reference_samples():
    """Jacobson & Truax (1991): their cut-off c with the means 40 and 60 and an SD of 7.5 is 50."""
    samples = ("--clinical-mean", "40", "--clinical-sd", "7.5", "--functional-mean", "60")
    options = ("--sd", "7.5", "--reliability", ".8", "--better", "higher", *samples)
    told = table("client,pre,post", "A,32.5,47.5", "B,32.5,50.5")
    said = say("change", "-", *options, "--functional-sd", "7.5", given=told)
    assert [row["category"] for row in said.rows] == ["improved", "recovered"]
    assert float(said.rows[0]["rci"]) == pytest.approx(3.1623, abs=1e-4)
    assert "cut-off c 50.0\n" in said.err
    said = say("change", "-", *options, given=told)
    assert said.err == "--functional-mean and --functional-sd go together.\n"


def test_shrink_gives_weight_estimate_and_interval():
    estimates, variances = [28.0, 8.0, None, 7.0, -1.0], [1.0, 1.5, 1.0, 1.2, 1.0]
    told = [f"U{n},{a},{b}" for n, (a, b) in enumerate(zip(estimates, variances, strict=True))]
    given_table = table("unit,estimate,variance", *(row.replace("None", "") for row in told))
    for method in ("reml", "pm", "dl"):
        said = say("shrink", "-", "--tau2", method, given=given_table)
        found = shrink(estimates, variances, method=method)
        assert said.err.startswith(f"tau2 {found.tau2!r}, mu {found.mu!r}, ")
        for name, column in (("weight", "weights"), ("shrunken",) * 2, ("low",) * 2):
            for row, value in zip(said.rows, getattr(found, column), strict=True):
                assert same(read(row[name]), float(value))


def test_shrink_says_when_no_difference_can_be_shown():
    said = say("shrink", "-", given=table("unit,estimate,variance", "A,1,4", "B,1.1,4"))
    assert said.err.splitlines()[1:] == [
        "no difference between the units can be shown",
        "no weight reaches 0.7: rank nobody by this",
    ]


def pairs(dyads=6, sessions=8):
    dice = np.random.default_rng(1)
    return [
        (f"D{dyad}", session, round(c, 2), round(0.5 * c + dice.normal(3, 0.5), 2))
        for dyad in range(dyads)
        for session, c in enumerate(dice.normal(7, 1, sessions), 1)
    ]


def test_agree_gives_three_figures_for_each_dyad_and_pooled_ones():
    rows = [*pairs(), ("D9", 1, 5.0, 6.0)]
    told = table("dyad,occasion,client,therapist", *(",".join(map(str, row)) for row in rows))
    said = say("agree", "-", given=told)
    found = agree(*map(list, zip(*rows, strict=True)))
    for row, dyad in zip(said.rows, found.dyads, strict=True):
        assert (row["dyad"], row["pairs"]) == (dyad.dyad, str(dyad.pairs))
        assert same(read(row["discrepancy"]), dyad.discrepancy.value if dyad.discrepancy else nan)
        assert same(read(row["tracking_low"]), dyad.tracking.low if dyad.tracking else nan)
        assert same(read(row["correlation"]), dyad.correlation.r if dyad.correlation else nan)
    assert said.err.startswith("6 of 7 dyads have 5 pairs or more\nmean discrepancy ")
    assert f"mean tracking {found.tracking.value!r} (" in said.err
    assert f"mean profile correlation {found.correlation.r!r} (" in said.err


def test_agree_says_what_is_lacking():
    told = table("dyad,occasion,client,therapist", "A,1,5,6")
    said = say("agree", "-", given=told)
    assert said.code == 0
    assert said.rows[0]["discrepancy"] == ""
    assert "mean discrepancy needs 5 dyads\n" in said.err


# --- fit ---


def courses(clients, sessions=6):
    dice = np.random.default_rng(3)
    u = dice.normal(7, 1.5, clients)
    return [[round(y, 3) for y in dice.normal(level, 1, sessions)] for level in u]


def as_table(series):
    return table(
        "client,session,y",
        *(f"C{n},{t},{y}" for n, ratings in enumerate(series) for t, y in enumerate(ratings, 1)),
    )


def test_fit_gives_the_five_parameters_with_standard_errors():
    series = courses(40)
    said = say("fit", "-", given=as_table(series))
    fit = fit_parameters(as_rows(series))
    assert [row["parameter"] for row in said.rows] == ["m", "sb2", "ss2", "se2", "phi"]
    for row in said.rows:
        name = row["parameter"]
        assert float(row["estimate"]) == getattr(fit.parameters, name)
        error = getattr(fit.errors, name)
        assert same(read(row["standard_error"]), nan if error is None else error)
    assert said.err.startswith("240 ratings, 40 clients with 5 or more; plain form; ")


def test_fit_blends_with_start_values_where_the_scale_is_told():
    series = courses(40)
    scale = ("--lowest", "0", "--highest", "10", "--start-m", "8", "--start-sd", "2")
    said = say("fit", "-", *scale, "--reliability", ".9", given=as_table(series))
    start = start_values(m=8, lowest=0, highest=10, sd=2)
    told = blend(fit_parameters(as_rows(series)), start, reliability=0.9)
    for row in said.rows:
        assert float(row["blended"]) == getattr(told, row["parameter"])
    said = say("fit", "-", "--reliability", ".9", given=as_table(series))
    assert said.err == "a blend takes --lowest, --highest and --start-m.\n"


def test_fit_uses_the_ceiling_if_a_tenth_of_the_ratings_lie_there():
    series = [[min(y, 8.0) for y in ratings] for ratings in courses(40)]
    assert "ceiling-aware form" in say("fit", "-", "--cens", "8", given=as_table(series)).err
    assert "plain form" in say("fit", "-", "--cens", "11", given=as_table(series)).err


def test_fit_says_how_many_clients_are_lacking():
    said = say("fit", "-", given=as_table(courses(29)))
    assert (said.code, said.out) == (2, "")
    assert said.err == "a fit needs 30 clients with 5 ratings or more, and there are 29.\n"
    same_all_over = [[7.0] * 5 for _client in range(30)]
    assert "all ratings are the same" in say("fit", "-", given=as_table(same_all_over)).err


# --- rehearse ---


def test_rehearse_tries_each_rule_on_the_same_invented_courses():
    asked = ("rehearse", "--courses", "300", "--sessions", "8", "--seed", "5")
    said = say(*asked)
    found = rehearse_courses(rules_for(REFERENCE), REFERENCE, sessions=8, courses=300, seed=5)
    assert [row["rule"] for row in said.rows] == list(found)
    assert "detector (standard)" in found
    for row, one in zip(said.rows, found.values(), strict=True):
        assert float(row["false_alarms"]) == one.false_alarms.value
        assert float(row["power_se"]) == one.power.standard_error
        assert same(read(row["ppv"]), one.ppv.value if one.ppv else nan)
        assert float(row["flags_per_100"]) == one.flags_per_100
    assert say(*asked) == said
    assert say(*asked[:-1], "6").out != said.out
    assert "300 courses of 8 sessions, seed 5\n" in said.err


def test_rehearse_draws_the_scenario_that_is_asked_for():
    asked = ("rehearse", "--courses", "200", "--scenario")
    for name in ("heavy-tails", "between-.40", "ceiling"):
        said = say(*asked, name)
        assert said.code == 0
        assert SCENARIOS[name.replace("-", " ")].words in said.err


def test_a_rule_of_ones_own_is_rehearsed_beside_the_others():
    said = say("rehearse", "--courses", "200", "--watch", ".2", "--alert", ".1")
    ours, standard = said.rows[-1], said.rows[1]
    assert ours["rule"] == "as given"
    assert float(ours["false_alarms"]) > float(standard["false_alarms"])


def test_the_rules_of_others_keep_their_distance_on_another_scale():
    """Courses and rules stretched alike give the same shares."""
    half = ("--m", "18", "--sb2", "3.0375", "--ss2", "1.265625", "--se2", ".759375", "--phi", ".4")
    asked = ("rehearse", "--courses", "300")
    for one, other in zip(say(*asked).rows, say(*asked, *half).rows, strict=True):
        assert one["rule"] == other["rule"]
        assert float(one["false_alarms"]) == float(other["false_alarms"])
        assert float(one["power"]) == float(other["power"])


def test_rehearse_counts_what_each_rule_would_have_done_with_a_history():
    series = courses(12, 9)
    options = ("--m", "7", "--sb2", "2", "--ss2", ".5", "--se2", ".5", "--phi", ".4")
    said = say("rehearse", "--history", "-", *options, "--repeats", "3", given=as_table(series))
    parameters = Parameters(7.0, 2.0, 0.5, 0.5, 0.4)
    found = rehearse_history(series, parameters, rules_for(parameters), repeats=3)
    for row, one in zip(said.rows, found.values(), strict=True):
        for name in ("clients", "held", "rated", "marks", "flags", "clients_flagged", "back"):
            assert int(row[name]) == getattr(one, name), name
        assert float(row["flags_by_chance"]) == one.by_chance.flags
    assert said.rows[0]["clients"] == "12"
    assert "3 invented histories, seed 1\n" in said.err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--m", "3"), "missing: --sb2, --ss2, --se2, --phi"),
        (("--history", "-"), "missing: --m, "),
        (("--history", "-", *FIVE, "--courses", "10"), "--courses does not go with --history"),
        (("--history", "-", *FIVE, "--size", "0"), "--size does not go with --history"),
        (("--repeats", "3"), "--repeats goes with --history"),
        (("--history", "-", *FIVE, "--repeats", "99999999"), "too much history"),
        (("--courses", "0"), "not a whole number from 1"),
        (("--courses", "1.5"), "not a whole number from 1"),
        (("--sessions", "-3"), "not a whole number from 1"),
        (("--courses", "999999", "--sessions", "999"), "too many at once"),
        (("--scenario", "sunshine"), "invalid choice: 'sunshine'"),
        (("--history", "nowhere.csv", *FIVE), "cannot be read"),
        (("somewhere.csv",), "unrecognized arguments"),
    ],
)
def test_options_of_rehearse_that_make_no_sense_are_refused(options, words):
    said = say("rehearse", *options, given=table("client,session,y", "A,1,36"))
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert is_one_sentence(said.err)


# --- What is refused, in one sentence and with exit code 2 ---

BAD_TABLES = {
    b"": "is empty",
    b"\n\n ,\n": "is empty",
    b"client,session,y\n": "nothing below it",
    b"client,session\nA,1\n": "has no column y",
    b"client;session;y\nA;1;3\n": "parted by commas",
    b"client\tsession\ty\nA\t1\t3\n": "parted by commas",
    b"client,session,y,y\nA,1,3,3\n": "two columns y",
    b"client,session,y\nA,1\n": "line 2: 2 cells under a head of 3",
    b"client,session,y\nA,1,3,4\n": "4 cells",
    b"client,session,y\nA,1,3\n\n\nA,2,x\n": "line 5: 'x' in column y is not a number",
    b"client,session,y\nA,1,nan\n": "'nan' in column y is not a number",
    b"client,session,y\nA,1,inf\n": "not a number",
    b"client,session,y\nA,1,-Infinity\n": "not a number",
    b'client,session,y\nA,1,"3,5"\n': "'3,5' in column y is not a number",
    b"client,session,y\nA,1,1_0\n": "not a number",
    b"client,session,y\nA,1,0x10\n": "not a number",
    "client,session,y\nA,1,３\n".encode(): "not a number",
    b"client,session,y\nA,1,1e400\n": "too large",
    b"client,session,y\nA,1,1e16\n": "too large",
    b"client,session,y\nA,0,3\n": "'0' in column session is not a whole number from 1",
    b"client,session,y\nA,-1,3\n": "whole number",
    b"client,session,y\nA,1.5,3\n": "whole number",
    b"client,session,y\nA,,3\n": "whole number",
    b"client,session,y\nA,one,3\n": "whole number",
    b"client,session,y\nA,10001,3\n": "whole number",
    b"client,session,y\nA," + b"9" * 5000 + b",3\n": "whole number",
    b"client,session,y\n,1,3\n": "column client is empty",
    b"client,session,y\nA,1,3\nB,1,3\nA,1,4\n": "line 4: session 1 of client 'A' appears twice",
    b"client,session,y\nA,1,3\nA,1.0,\n": "appears twice",
    b'client,session,y\n"A\nB",1,3\n"A\nB",1,4\n': "client 'A\\nB' appears twice",
    b'client,session,y\n"A,1,3\n': "line 2: unexpected end of data",
    b'client,session,y\n"A"B,1,3\n': "line 2: ",
    b"client,session,y\nA,1," + b"9" * 200_000: "line 2: ",
    "client,session,y\nZoë,1,3\n".encode("latin-1"): "not text in UTF-8",
    "client,session,y\nA,1,3\n".encode("utf-16"): "not text in UTF-8",
    b"client,session,y\nA\0,1,3\n": "not a CSV file",
    b"\x89PNG\r\n\x1a\n\0\0": "not text in UTF-8",
}


@pytest.mark.parametrize(("given_bytes", "words"), BAD_TABLES.items(), ids=BAD_TABLES.values())
def test_a_table_that_makes_no_sense_is_refused_in_one_sentence(given_bytes, words):
    said = say("detect", "-", *FIVE, given=given_bytes)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert is_one_sentence(said.err)


GOOD = table("client,session,y", "A,1,3")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "required: COMMAND"),
        (("detects", "-"), "invalid choice: 'detects'"),
        (("detect", *FIVE), "required: FILE.csv"),
        (("detect", "-"), "required: --m, --sb2, --ss2, --se2, --phi"),
        (("detect", "-", *FIVE[:-2]), "required: --phi"),
        (("detect", "-", *FIVE, "--phi"), "--phi: expected one argument"),
        (("detect", "-", *FIVE, "--phi", "much"), "--phi: 'much' is not a number"),
        (("detect", "-", *FIVE, "--phi", "nan"), "--phi: 'nan' is not a number"),
        (("detect", "-", *FIVE, "--phi", "1e99"), "no number to reckon with"),
        (("detect", "-", *FIVE, "--se2", "1e-99"), "no number to reckon with"),
        (("detect", "-", *FIVE, "--phi", "1"), "phi lies between -1 and 1"),
        (("detect", "-", *FIVE, "--se2", "0"), "above zero"),
        (("detect", "-", *FIVE, "--sb2", "-1"), "not negative"),
        (("detect", "-", *FIVE, "--nu0", "0"), "nu0"),
        (("detect", "-", *FIVE, "--pi", "1"), "prior"),
        (("detect", "-", *FIVE, "--alert", ".2"), "alert"),
        (("detect", "-", *FIVE, "--preset", "loud"), "invalid choice: 'loud'"),
        (("detect", "-", *FIVE, "--pre", "quiet"), "unrecognized arguments: --pre quiet"),
        (("detect", "-", "more.csv", *FIVE), "unrecognized arguments: more.csv"),
        (("detect", ".", *FIVE), "cannot be read: Is a directory"),
        (("detect", "no\0where", *FIVE), "null byte"),
        (("detect", "", *FIVE), "cannot be read"),
        (("change", "-", "--better", "higher"), "required: --reliability"),
        (("change", "-", "--reliability", ".8", "--better", "more"), "invalid choice: 'more'"),
        (("shrink", "-", "--tau2", "guess"), "invalid choice: 'guess'"),
    ],
)
def test_a_line_that_makes_no_sense_is_refused_in_one_sentence(arguments, words):
    said = say(*arguments, given=GOOD)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert is_one_sentence(said.err)


@pytest.mark.parametrize(
    ("command", "rows", "words"),
    [
        ("change", ("A,1,2", "A,3,4"), "line 3: client 'A' appears twice"),
        ("change", ("A,1,x",), "'x' in column post is not a number"),
        ("change", (",1,2",), "column client is empty"),
        ("change", ("A,1,2",), "two complete pairs"),
        ("change", ("A,1,2", "B,1,3"), "not all the same"),
        ("shrink", ("A,1,2", "A,3,4"), "line 3: unit 'A' appears twice"),
        ("shrink", ("A,1,0", "B,3,4"), "line 2: a variance is above zero, not 0.0"),
        ("shrink", ("A,1,-2", "B,3,4"), "a variance is above zero"),
        ("shrink", ("A,1,1e-99", "B,3,4"), "a variance is a number above zero"),
        ("shrink", ("A,1,2", "B,,4"), "takes two of them"),
        ("agree", ("A,1,2,3", "A,1,2,3"), "line 3: occasion 1 of dyad 'A' appears twice"),
        ("agree", ("A,x,2,3",), "whole number"),
        ("agree", ("A,1,2,x",), "'x' in column therapist is not a number"),
    ],
)
def test_tables_of_other_commands_are_refused_too(command, rows, words):
    head, options = EACH[command]
    said = say(command, *options, given=table(head, *rows))
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert is_one_sentence(said.err)


CLINICAL = ("--clinical-mean", "3", "--clinical-sd", "1")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--reliability", "1"), "reliability"),
        (("--reliability", "-.1"), "reliability"),
        (("--sd", "0"), "standard deviation"),
        (("--clinical-mean", "3"), "--clinical-mean and --clinical-sd go together"),
        (("--clinical-mean", "3", "--clinical-sd", "0"), "standard deviation"),
        (
            (*CLINICAL, "--functional-mean", "2", "--functional-sd", "1"),
            "functional mean is better",
        ),
    ],
)
def test_options_of_change_out_of_range_are_refused(options, words):
    told = table("client,pre,post", "A,1,2", "B,2,2")
    said = say("change", "-", "--reliability", ".8", "--better", "higher", *options, given=told)
    assert (said.code, said.out) == (2, "")
    assert words in said.err
    assert is_one_sentence(said.err)


# --- For whatever is given ---


def is_answered_or_refused(said):
    if said.code == 0:
        return said.out.count("\n") > 1 and not re.search(r"\b(nan|inf)\b", said.out + said.err)
    return said.code == 2 and said.out == "" and is_one_sentence(said.err)


@pytest.mark.parametrize("command", EACH)
@settings(max_examples=40, deadline=None)
@given(given_bytes=st.binary(max_size=200))
def test_no_bytes_lead_to_a_traceback(command, given_bytes):
    assert is_answered_or_refused(say(command, *EACH[command][1], given=given_bytes))


@pytest.mark.parametrize("command", EACH)
@settings(max_examples=40, deadline=None)
@given(text=st.text(alphabet='A1,.\n"\r ;-e\0é', max_size=80))
def test_no_rows_below_a_good_head_lead_to_a_traceback(command, text):
    head, options = EACH[command]
    assert is_answered_or_refused(say(command, *options, given=f"{head}\n{text}".encode()))


cells = st.none() | st.floats(-1e15, 1e15) | st.floats(0, 10) | st.integers(-3, 3)


@pytest.mark.parametrize("command", EACH)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_numbers_of_any_size_are_answered_or_refused(command, data):
    head, options = EACH[command]
    names = head.split(",")
    rows = []
    for place in range(data.draw(st.integers(1, 12))):
        row = {name: data.draw(cells) for name in names}
        row.update({name: place + 1 for name in names if name in ("session", "occasion")})
        for name in set(names) & {"client", "unit", "dyad"}:
            if names[0] == name:
                row[name] = "A" if {"session", "occasion"} & set(names) else f"A{place}"
        rows.append(",".join("" if row[name] is None else str(row[name]) for name in names))
    assert is_answered_or_refused(say(command, *options, given=table(head, *rows)))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.floats(1e-15, 1e15) | st.floats(-2, 2), min_size=5, max_size=6),
    st.lists(st.floats(-1e15, 1e15), min_size=1, max_size=8),
)
def test_parameters_of_any_size_are_answered_or_refused(values, ratings):
    names = ("--m", "--sb2", "--ss2", "--se2", "--phi", "--cens")
    options = [f"{name}={value!r}" for name, value in zip(names, values, strict=False)]
    rows = [f"A,{session},{y!r}" for session, y in enumerate(ratings, 1)]
    given_table = table("client,session,y", *rows)
    assert is_answered_or_refused(say("detect", "-", *options, given=given_table))
    assert is_answered_or_refused(say("smooth", "-", *options, given=given_table))
