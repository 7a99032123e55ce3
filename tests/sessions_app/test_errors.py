"""Where nothing is, whoever comes reads that in words of their own."""

import pytest
from django.http import Http404
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext

from sessions_app.access.errors import (
    came_too_late,
    gone_wrong,
    not_found,
    not_open,
    not_understood,
)


@pytest.mark.parametrize(
    ("asked_for", "language"),
    [
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("ar", "ar"),
        ("ja, fr;q=0.5", "fr"),
        ("ja", "en"),
        ("", "en"),
        ("*, ;;; ../", "en"),
    ],
)
def test_where_nothing_is_a_client_reads_that_in_the_language_of_their_browser(
    client, db, asked_for, language
):
    answer = client.get(reverse("rate", args=["x" * 43]), headers={"accept-language": asked_for})
    assert answer.status_code == 404
    page = answer.content.decode()
    assert f'<html lang="{language}"' in page
    with translation.override(language):
        assert gettext("There is nothing here") in page


def test_too_often_is_said_in_the_language_of_the_browser(client, db):
    for _try in range(40):
        answer = client.get(reverse("rate", args=["x" * 43]), headers={"accept-language": "es"})
    assert answer.status_code == 429
    assert '<html lang="es"' in answer.content.decode()


@pytest.mark.parametrize("language", ["de", "ar"])
def test_members_of_staff_read_english_whatever_their_clients_read(cast, client, language):
    type(cast.practice).objects.filter(pk=cast.practice.pk).update(language=language)
    client.force_login(cast.theo)
    for address in (reverse("caseload"), "/nothing-here/"):
        page = client.get(address, headers={"accept-language": language}).content.decode()
        assert '<html lang="en"' in page


@pytest.mark.parametrize(
    ("answer", "status", "said"),
    [
        (lambda request: not_understood(request, None), 400, "That did not work"),
        (lambda request: not_open(request, None), 403, "This is not open to you."),
        (came_too_late, 403, "That did not work"),
        (lambda request: not_found(request, Http404()), 404, "There is nothing here"),
        (gone_wrong, 500, "Something went wrong"),
    ],
)
def test_whatever_goes_wrong_is_said_in_the_language_of_the_browser(rf, answer, status, said):
    answered = answer(rf.get("/", headers={"accept-language": "fr"}))
    assert answered.status_code == status
    page = answered.content.decode()
    assert '<html lang="fr"' in page
    with translation.override("fr"):
        assert gettext(said) in page
