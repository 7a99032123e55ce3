"""Signing in, and a forgotten password: the few pages of django-allauth that we use."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as codes
from allauth.mfa.totp import views as app
from allauth.mfa.webauthn import views as passkeys
from django.urls import path, re_path

from sessions_app.people import views

urlpatterns = [
    path("", views.home, name="home"),
    path("healthz", views.health, name="health"),
    path("sign-in/", account.login, name="account_login"),
    path("sign-in/second-step/", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/passkey/", passkeys.login_webauthn, name="mfa_login_webauthn"),
    path("sign-out/", account.logout, name="account_logout"),
    path("sign-up/", account.signup, name="account_signup"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/set/", account.password_set, name="account_set_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/sent/", account.password_reset_done, name="account_reset_password_done"),
    path(
        "password/reset/key/done/",
        account.password_reset_from_key_done,
        name="account_reset_password_from_key_done",
    ),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("confirm/", mfa.reauthenticate, name="mfa_reauthenticate"),
    path("confirm/passkey/", passkeys.reauthenticate_webauthn, name="mfa_reauthenticate_webauthn"),
    path("confirm/password/", account.reauthenticate, name="account_reauthenticate"),
    # django-allauth comes back to this name from each change.
    path("signing-in/", views.signing_in, name="mfa_index"),
    path("signing-in/app/", app.activate_totp, name="mfa_activate_totp"),
    path("signing-in/app/remove/", app.deactivate_totp, name="mfa_deactivate_totp"),
    path("signing-in/passkeys/add/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path("signing-in/passkeys/<int:pk>/remove/", views.passkey_remove, name="passkey-remove"),
    path("signing-in/codes/", codes.view_recovery_codes, name="mfa_view_recovery_codes"),
    path(
        "signing-in/codes/new/", codes.generate_recovery_codes, name="mfa_generate_recovery_codes"
    ),
    path("signing-in/here/", views.still_here, name="still-here"),
    path("signing-in/elsewhere/", views.sign_out_elsewhere, name="sign-out-elsewhere"),
]
