from django.core.exceptions import ValidationError
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from sessions_app.access.doors import clinicians_only
from sessions_app.clients.actions import add_client
from sessions_app.clients.forms import ClientForm


@clinicians_only
@require_http_methods(["GET", "HEAD", "POST"])
def client_create(request):
    places = [member for member in request.memberships if member.is_clinician]
    form = ClientForm(request.POST if request.method == "POST" else None, memberships=places)
    if form.is_valid():
        try:
            episode = add_client(by=request.user, **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            return redirect("episode", episode.pk)
    return render(request, "clients/create.html", {"form": form})
