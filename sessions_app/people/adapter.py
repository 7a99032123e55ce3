"""How django-allauth signs people in here."""

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are given by a practice, never taken: nobody signs up."""

    def is_open_for_signup(self, request):
        return False
