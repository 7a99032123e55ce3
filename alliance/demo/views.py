from django.contrib.auth import login
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from alliance.demo.tokens import user_for
from sessions_app.access.doors import public


@public
@require_safe
def sign_in(request, token):
    """Sign an invented person in; the link is then used up."""
    user = user_for(token) if request.method == "GET" else None
    if user is None:
        return render(request, "demo/used.html", status=404)
    login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return redirect("home")
