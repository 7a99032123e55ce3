"""The one settings file, read from the environment.

Outside development (DEBUG=1) and demonstration (DEMO=1) it refuses to start
insecurely, each time with one plain sentence. `docs/operations.md` lists the
variables.
"""

import hmac
import os
import secrets
import zoneinfo
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from sessions_app.access.encryption import read_keys


def _is_on(name):
    value = os.environ.get(name, "").strip().lower()
    if value not in {"", "0", "false", "no", "1", "true", "yes"}:
        raise ImproperlyConfigured(f"{name} is switched on by 1 and off by 0, not by “{value}”.")
    return value in {"1", "true", "yes"}


def _split(name, default=""):
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(os.environ.get("VAR", BASE_DIR / "var"))
DEBUG = _is_on("DEBUG")
DEMO = _is_on("DEMO")
IS_LOCAL = DEBUG or DEMO  # On one's own machine, over plain http.
PUBLIC_ONLY = _is_on("PUBLIC_ONLY")  # The clients' pages and nothing else.

# --- Secrets and hosts ---------------------------------------------------------------


def _is_strong(key):
    return len(key) >= 50 and len(set(key)) >= 10


def _secret_key():
    given = os.environ.get("SECRET_KEY", "")
    if given:
        if not IS_LOCAL and not _is_strong(given):
            raise ImproperlyConfigured(
                "SECRET_KEY is too easy to guess: give it at least 50 random characters."
            )
        return given
    if not IS_LOCAL:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set: give it at least 50 random characters and keep them secret."
        )
    VAR.mkdir(parents=True, exist_ok=True)
    kept = VAR / "secret_key"
    if not kept.exists():
        kept.touch(mode=0o600)
        kept.write_text(secrets.token_urlsafe(64))
    return kept.read_text()


SECRET_KEY = _secret_key()
SECRET_KEY_FALLBACKS = _split("SECRET_KEY_FALLBACKS")
if not IS_LOCAL and not all(map(_is_strong, SECRET_KEY_FALLBACKS)):
    raise ImproperlyConfigured(
        "SECRET_KEY_FALLBACKS holds a key that is too easy to guess: take it out."
    )


def _field_keys():
    """Return the keys that encrypt fields, by id; on one's own machine one made of SECRET_KEY."""
    given = os.environ.get("FIELD_KEYS", "")
    file = os.environ.get("FIELD_KEYS_FILE", "")
    if given and file:
        raise ImproperlyConfigured("FIELD_KEYS and FIELD_KEYS_FILE are both set: keep one of them.")
    if file:
        try:
            given = Path(file).read_text()
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(
                "FIELD_KEYS_FILE names a file that cannot be read."
            ) from error
    if given.strip(", \r\n\t"):
        return read_keys(given)
    if IS_LOCAL and not file:
        return {"local": hmac.digest(SECRET_KEY.encode(), b"fields", "sha256")}
    raise ImproperlyConfigured(
        "FIELD_KEYS is not set: make a key with `DEBUG=1 manage.py make_field_key`, "
        "and keep a copy of it apart from the database."
    )


FIELD_KEYS = _field_keys()
ALLOWED_HOSTS = _split("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]" if IS_LOCAL else "")
CSRF_TRUSTED_ORIGINS = _split("CSRF_TRUSTED_ORIGINS")
if not IS_LOCAL and not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS is not set: name the host under which this is served."
    )
if not IS_LOCAL and any(host.startswith("*") for host in ALLOWED_HOSTS):
    raise ImproperlyConfigured("ALLOWED_HOSTS must name hosts: “*” would let anyone pose as you.")
if DEMO and set(ALLOWED_HOSTS) - {"localhost", "127.0.0.1", "[::1]"}:
    raise ImproperlyConfigured(
        "DEMO=1 signs people in by a link, so it is served to this machine only: "
        "leave ALLOWED_HOSTS out."
    )
FORMS_AT = os.environ.get("FORMS_AT", "").rstrip("/")
if FORMS_AT and (urlsplit(FORMS_AT).scheme != "https" or urlsplit(FORMS_AT).path):
    raise ImproperlyConfigured("FORMS_AT looks like https://form.example.org, without a path.")

# --- Parts -----------------------------------------------------------------------------

INSTALLED_APPS = [
    "alliance",
    "sessions_app",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "django_tasks",
    "django_tasks_db",
]
MIDDLEWARE = [
    "sessions_app.access.middleware.bodiless_head",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sessions_app.access.middleware.private",
    "sessions_app.access.middleware.only_utf8",
    "alliance.asking.seal.sealed",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "sessions_app.people.middleware.ConfirmFirst",
    "sessions_app.access.middleware.Memberships",
    "sessions_app.people.middleware.TimeLimits",
    "sessions_app.people.middleware.SecondFactor",
]
ROOT_URLCONF = "alliance.urls"
# Nobody signs in there, so what would read a session is not even loaded.
PUBLIC_MIDDLEWARE = [
    "sessions_app.access.middleware.bodiless_head",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "sessions_app.access.middleware.private",
    "sessions_app.access.middleware.only_utf8",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "allauth.account.middleware.AccountMiddleware",  # It will not start without.
]
if PUBLIC_ONLY:
    ROOT_URLCONF = "alliance.asking.public_urls"
    MIDDLEWARE = PUBLIC_MIDDLEWARE
WSGI_APPLICATION = "alliance.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "alliance.context.demo",
            ],
        },
    }
]
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
# What sessions_app calls, in the same transaction, when an episode or its sessions change.
EPISODE_CHANGED = "alliance.asking.arranging.follow"
# What exists on a paired tablet: sessions_app pairs it, and knows nothing of what it shows.
TABLET_ADDRESSES = "alliance.asking.tablet_urls"

# --- Database --------------------------------------------------------------------------

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
try:
    DATABASES = {
        "default": dj_database_url.parse(
            os.environ.get("DATABASE_URL") or f"sqlite:///{VAR / 'alliance.sqlite3'}",
            conn_max_age=60,
            conn_health_checks=True,
        )
    }
except ValueError as error:
    raise ImproperlyConfigured(
        "DATABASE_URL looks like postgresql://user:password@host:5432/name, "
        "with signs like / and @ in the password written as %2F and %40."
    ) from error
_engine = DATABASES["default"]["ENGINE"]
if _engine == "django.db.backends.sqlite3":
    VAR.mkdir(parents=True, exist_ok=True)
    # Tests queue up before a file, as the real thing does; memory has no WAL.
    DATABASES["default"]["TEST"] = {"NAME": str(VAR / "test.sqlite3")}
    # WAL lets readers go on while one writes; IMMEDIATE queues writers instead of
    # failing them; FULL keeps what was thanked for through a power cut.
    DATABASES["default"]["OPTIONS"] = {
        "timeout": 20,
        "transaction_mode": "IMMEDIATE",
        "init_command": ("PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;"),
    }
elif _engine != "django.db.backends.postgresql":
    raise ImproperlyConfigured(
        "DATABASE_URL must name PostgreSQL or SQLite; nothing else is tested."
    )

# Shared by all workers: whatever is counted or used up must be so for each of them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        # What is kept is unpickled. Whoever got into the clients' pages, where they are served
        # alone, must not be able to put anything there for the server of staff to read.
        "LOCATION": "public_cache" if PUBLIC_ONLY else "shared_cache",
        # With Django's 300 a flood would push out what still counts.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

# --- People ----------------------------------------------------------------------------

AUTH_USER_MODEL = "sessions_app.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "sessions_app.people.hashers.Argon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "CommonPasswordValidator")
] + [
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    }
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "sessions_app.people.adapter.AccountAdapter"
ACCOUNT_FORMS = {
    "reset_password": "sessions_app.people.forms.ForgottenPasswordForm",
    "user_token": "sessions_app.people.forms.ResetLinkForm",
}
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
# Addresses are entered by the practice; a password link goes to them.
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_EMAIL_UNKNOWN_ACCOUNTS = False
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
# Per account (“key”) first and strictest, whoever asks from where: at most eighty wrong
# passwords and codes a day. Per address only against floods: a whole practice is behind one.
# Who is kept out by somebody else's tries still gets in by a passkey.
ACCOUNT_RATE_LIMITS = {
    "login": "120/m/ip",
    "login_failed": "5/5m/key,30/d/key,60/m/ip",
    "code_failed": "30/d/key",  # Ours: theirs forget all failures when one code was right.
    "reauthenticate": "10/m/user",
    "change_password": "5/5m/user,20/d/user",
    "reset_password": "3/10m/key,10/d/key,60/m/ip",
    "reset_password_from_key": "60/m/ip",
}
MFA_RATE_LIMITS = {"webauthn_login": "60/m/ip"}

# --- The second factor -----------------------------------------------------------------

# No practice can switch it off. Everyone in the demonstration is invented.
SECOND_FACTOR_IS_COMPULSORY = not DEMO
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60
SIGN_OUT_AFTER = 12 * 60 * 60
SIGN_OUT_WHEN_IDLE = not DEMO
MFA_ADAPTER = "sessions_app.people.adapter.MFAAdapter"
MFA_FORMS = {
    "authenticate": "sessions_app.people.factor_forms.CodeForm",
    "reauthenticate": "sessions_app.people.factor_forms.CodeAgainForm",
    "activate_totp": "sessions_app.people.factor_forms.AppForm",
    "authenticate_webauthn": "sessions_app.people.factor_forms.PasskeyStepForm",
    "login_webauthn": "sessions_app.people.factor_forms.PasskeyAloneForm",
    "reauthenticate_webauthn": "sessions_app.people.factor_forms.PasskeyAgainForm",
    "add_webauthn": "sessions_app.people.factor_forms.PasskeyForm",
}
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_TOTP_ISSUER = "Alliance"
# With 1 the same code would be taken twice: the mark that it was used is kept for 30 seconds.
MFA_TOTP_TOLERANCE = 0
MFA_RECOVERY_CODES_SHOW_ONCE = True
MFA_PASSKEY_LOGIN_ENABLED = True
# A passkey counts as both factors, so it always asks for a finger, a face or a PIN.
MFA_WEBAUTHN_USER_VERIFICATION = "required"
# Addresses are entered by the practice, never by whoever wants an account.
MFA_ALLOW_UNVERIFIED_EMAIL = True

# --- Sessions, cookies, transport ------------------------------------------------------

SESSION_SERIALIZER = "sessions_app.people.serializer.Encrypted"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = not IS_LOCAL
SESSION_COOKIE_NAME = "sessionid" if IS_LOCAL else "__Host-sessionid"
CSRF_COOKIE_SECURE = not IS_LOCAL
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "sessions_app.access.errors.came_too_late"
CSRF_COOKIE_NAME = "csrftoken" if IS_LOCAL else "__Host-csrftoken"
# It holds what admits to one form on a device that was handed over; beside it nothing exists.
HAND_OVER_COOKIE_NAME = "hand-over" if IS_LOCAL else "__Host-hand-over"
# It holds the key of a tablet that the practice has paired; beside it there are only forms.
TABLET_COOKIE_NAME = "tablet" if IS_LOCAL else "__Host-tablet"
# It holds for a quarter of an hour that the PIN of a client's bookmark was given on this device.
STANDING_COOKIE_NAME = "standing" if IS_LOCAL else "__Host-standing"
SECURE_SSL_REDIRECT = not IS_LOCAL
SECURE_HSTS_SECONDS = 0 if IS_LOCAL else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = not IS_LOCAL
SECURE_HSTS_PRELOAD = not IS_LOCAL
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
# Addresses can hold a secret, so no page tells its own, not even to our style sheets. Not
# no-referrer: browsers would then send “Origin: null” and forms would be refused.
SECURE_REFERRER_POLICY = "strict-origin"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if _is_on("BEHIND_HTTPS_PROXY") else None
)
# Who asks is read from X-Forwarded-For, as many entries from its end as there are proxies.
_proxies = os.environ.get("TRUSTED_PROXIES") or str(int(_is_on("BEHIND_HTTPS_PROXY")))
if not (_proxies.isascii() and _proxies.isdigit() and int(_proxies) < 10):
    raise ImproperlyConfigured(
        f"TRUSTED_PROXIES is the number of proxies in front, like 1, not “{_proxies}”."
    )
ALLAUTH_TRUSTED_PROXY_COUNT = int(_proxies)
# In the session: the only cookies are then the two with the prefix __Host-.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],  # Bootstrap draws its ticks and arrows as data.
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "report-uri": ["/policy-report/"],
    }
}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200
# What is sent as a file is read in memory and lies on no disk; what is too large is dropped.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.MemoryFileUploadHandler"]

# --- Words, time, files ----------------------------------------------------------------

LANGUAGE_CODE = "en"
# What members of staff read, and what clients can be asked in.
LANGUAGES = [("en", _("English"))]
FORM_LANGUAGES = [
    ("en", _("English")),
    ("ar", _("Arabic")),
    ("fr", _("French")),
    ("de", _("German")),
    ("hi", _("Hindi")),
    ("es", _("Spanish")),
]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("TIME_ZONE", "UTC")
if TIME_ZONE not in zoneinfo.available_timezones():
    raise ImproperlyConfigured(f"TIME_ZONE is called like Europe/Vienna, not “{TIME_ZONE}”.")
STATIC_URL = "static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# --- Mail --------------------------------------------------------------------------------


def _mail(address):
    """Read `smtp://user:password@host:587?tls=1`, `smtps://…`, `console:` or `file:`."""
    try:
        parts = urlsplit(address)
        is_known = parts.scheme in {"smtp", "smtps"} and parts.hostname and parts.port != 0
    except ValueError:
        is_known = False
    if address == "console:":
        return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if address == "file:":
        backend = "django.core.mail.backends.filebased.EmailBackend"
        return {"EMAIL_BACKEND": backend, "EMAIL_FILE_PATH": VAR / "mail"}
    if not is_known:
        raise ImproperlyConfigured(
            "EMAIL_URL looks like smtp://user:password@mail.example.org:587?tls=1, "
            "with signs like / and @ in the password written as %2F and %40."
        )
    is_ssl = parts.scheme == "smtps"
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or (465 if is_ssl else 25),
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": is_ssl,
        "EMAIL_USE_TLS": not is_ssl and parse_qs(parts.query).get("tls") == ["1"],
        "EMAIL_TIMEOUT": 10,
    }


globals().update(
    _mail(os.environ.get("EMAIL_URL") or ("file:" if IS_LOCAL else "smtp://localhost:25"))
)
DEFAULT_FROM_EMAIL = SERVER_EMAIL = os.environ.get("MAIL_FROM", "no-reply@localhost")

# --- Messages to clients ---------------------------------------------------------------

# A message asks for no page, so where its link leads cannot be read from one.
SERVED_AT = os.environ.get("SERVED_AT", "").rstrip("/")
if SERVED_AT and urlsplit(SERVED_AT).scheme not in ({"http", "https"} if IS_LOCAL else {"https"}):
    raise ImproperlyConfigured("SERVED_AT looks like https://alliance.example.org.")
if not SERVED_AT:
    SERVED_AT = "http://127.0.0.1:8000" if IS_LOCAL else f"https://{ALLOWED_HOSTS[0].lstrip('.')}"
MESSENGER = os.environ.get("MESSENGER") or (
    "alliance.sending.messengers.Console" if IS_LOCAL else ""
)
BOUNCE_KEY = os.environ.get("BOUNCE_KEY", "")
if BOUNCE_KEY and len(BOUNCE_KEY) < 32:
    raise ImproperlyConfigured("BOUNCE_KEY is too easy to guess: give it at least 32 characters.")
# In the tables, so that what waits is still there after a power cut.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# --- Log: no contents, no secrets ---------------------------------------------------------

DEFAULT_EXCEPTION_REPORTER = "alliance.logs.Report"
DEFAULT_EXCEPTION_REPORTER_FILTER = "alliance.logs.HideContents"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "masked": {
            "()": "alliance.logs.MaskSecrets",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": "masked",
        }
    },
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {
        # Django's own handlers would print addresses before they are masked.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": ["stderr"], "level": "INFO", "propagate": False},
    },
}
