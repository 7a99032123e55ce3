"""The one settings file, read from the environment.

Outside development (DEBUG=1) and demonstration (DEMO=1) it refuses to start
insecurely, each time with one plain sentence. `docs/operations.md` lists the
variables.
"""

import os
import secrets
import zoneinfo
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _


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
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
]
MIDDLEWARE = [
    "sessions_app.access.middleware.bodiless_head",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "sessions_app.access.middleware.only_utf8",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "sessions_app.access.middleware.Memberships",
]
ROOT_URLCONF = "alliance.urls"
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
EPISODE_CHANGED = "alliance.trends.actions.review"

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

# --- People ----------------------------------------------------------------------------

AUTH_USER_MODEL = "sessions_app.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
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

# --- Sessions, cookies, transport ------------------------------------------------------

SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = not IS_LOCAL
SESSION_COOKIE_NAME = "sessionid" if IS_LOCAL else "__Host-sessionid"
CSRF_COOKIE_SECURE = not IS_LOCAL
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_NAME = "csrftoken" if IS_LOCAL else "__Host-csrftoken"
SECURE_SSL_REDIRECT = not IS_LOCAL
SECURE_HSTS_SECONDS = 0 if IS_LOCAL else 365 * 24 * 60 * 60
SECURE_HSTS_INCLUDE_SUBDOMAINS = not IS_LOCAL
SECURE_HSTS_PRELOAD = not IS_LOCAL
SECURE_REDIRECT_EXEMPT = [r"^healthz$"]
# Not no-referrer: browsers would then send “Origin: null” and forms would be refused.
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if _is_on("BEHIND_HTTPS_PROXY") else None
)
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if _is_on("BEHIND_HTTPS_PROXY") else 0
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
    }
}
DATA_UPLOAD_MAX_NUMBER_FIELDS = 200

# --- Words, time, files ----------------------------------------------------------------

LANGUAGE_CODE = "en"
# What members of staff read, and what clients can be asked in.
LANGUAGES = [("en", _("English"))]
FORM_LANGUAGES = [("en", _("English")), ("ar", _("Arabic"))]
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

# --- Log: no contents, no secrets ---------------------------------------------------------

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
