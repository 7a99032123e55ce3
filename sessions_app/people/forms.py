"""django-allauth's forms for passwords, a little stricter."""

from allauth.account.forms import ResetPasswordForm, UserTokenForm
from allauth.core import context as current

from sessions_app.people.letters import once_answered


class ForgottenPasswordForm(ResetPasswordForm):
    """Who has an account gets a letter, once the page is out: its time tells nobody who has one."""

    def save(self, request, **kwargs):
        send = super().save

        def send_now():
            with current.request_context(request):
                send(request, **kwargs)

        once_answered(send_now)
        return self.cleaned_data["email"]


class ResetLinkForm(UserTokenForm):
    """The link of such a letter opens active accounts; for any other it is a wrong one."""

    def _get_user(self, uidb36):
        user = super()._get_user(uidb36)
        return user if user and user.is_active else None
