"""Every setting of the site, and the only reader of the environment.

Each variable has a default that works or an error that names it, and may come from a file that
NAME_FILE names. docs/settings.md lists them.
"""

import os
from pathlib import Path
from typing import Any

import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from craiyon_site import logs, parts
from craiyon_site.environment import Environment, guessable, kept, kept_secret

django_stubs_ext.monkeypatch()  # lets admin classes say which model they are about

env = Environment(os.environ)

BASE_DIR = Path(__file__).resolve().parent.parent
CRAIYON_DATA = Path(env.text("CRAIYON_DATA", str(BASE_DIR / "var"))).resolve()
"""The folder of everything that is kept on this machine."""

# Who may ask, and how

DEBUG = env.flag("DEBUG", default=True)
"""On unless said otherwise, and then the site answers to this machine alone."""

HOST = env.text("HOST", "127.0.0.1")
PORT = env.number("PORT", 8000, least=1, most=65535)
SITE_NAME = env.text("SITE_NAME", "craiyon")
SITE_URL = env.text("SITE_URL", f"http://localhost:{PORT}").rstrip("/")
"""The address that people type; it goes into mails and share cards."""

LOCAL_HOSTS = ["localhost", "127.0.0.1", "[::1]"]
_site = env.parsed("SITE_URL", parts.site, SITE_URL)
_named_hosts = env.words("ALLOWED_HOSTS") or [_site.hostname or ""]
ALLOWED_HOSTS = [*dict.fromkeys([*_named_hosts, *LOCAL_HOSTS])]
CSRF_TRUSTED_ORIGINS = [SITE_URL] if _site.scheme == "https" else []

if DEBUG and (strange := [host for host in ALLOWED_HOSTS if host not in LOCAL_HOSTS]):
    raise ImproperlyConfigured(
        f"DEBUG is on, which is for this machine alone, but ALLOWED_HOSTS or SITE_URL names "
        f"{', '.join(strange)}: set DEBUG=0 and SECRET_KEY."
    )
if DEBUG and HOST not in parts.LOOPBACK:
    raise ImproperlyConfigured(
        f"DEBUG is on, which is for this machine alone, but HOST={HOST} lets others reach it: "
        "set DEBUG=0 and SECRET_KEY."
    )
SECRET_KEY = env.text("SECRET_KEY")
if not SECRET_KEY and not DEBUG:
    raise ImproperlyConfigured(
        "SECRET_KEY is missing. With DEBUG=0 it must be a secret of the site's own, 50 random "
        "characters or more, here or in a file that SECRET_KEY_FILE names."
    )
if SECRET_KEY and not DEBUG and guessable(SECRET_KEY):
    raise ImproperlyConfigured("SECRET_KEY can be guessed: it must be 50 random characters.")
SECRET_KEY = SECRET_KEY or kept_secret(CRAIYON_DATA / "secret_key")
SECRET_KEY_FALLBACKS = env.words("SECRET_KEY_FALLBACKS")

TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")
"""Whose X-Forwarded-For and X-Forwarded-Proto are believed, by asgi.py: REMOTE_ADDR is the client's
own address everywhere behind it."""

# The parts, each embedded by default

DATABASES = {"default": env.parsed("DATABASE_URL", lambda url: parts.database(url, CRAIYON_DATA))}
CACHES = {"default": env.parsed("CACHE_URL", parts.cache)}
_broker = env.parsed("CELERY_BROKER_URL", lambda url: parts.broker(url, CRAIYON_DATA / "broker"))
_storages = env.parsed(
    "STORAGE_URL",
    lambda url: parts.storage(
        url,
        CRAIYON_DATA / "media",
        access_key=env.text("AWS_ACCESS_KEY_ID"),
        secret_key=env.text("AWS_SECRET_ACCESS_KEY"),
    ),
)
globals().update(env.parsed("EMAIL_URL", parts.mail))
DEFAULT_FROM_EMAIL = env.text("EMAIL_FROM", f"{SITE_NAME} <noreply@{_site.hostname}>")
ADMINS = [(SITE_NAME, address) for address in env.words("ADMIN_EMAIL")]
"""Who is told of what people report."""

SIGN_IN_PROVIDERS = {
    name: (env.text(f"{name.upper()}_CLIENT_ID"), env.text(f"{name.upper()}_CLIENT_SECRET"))
    for name in parts.SIGN_IN_ADDRESSES
}
"""Id and secret of the sites whose accounts people may sign in with; both, or it is not offered."""

_offered = {name: keys for name, keys in SIGN_IN_PROVIDERS.items() if any(keys)}
if lacking := [name.upper() for name, keys in _offered.items() if not all(keys)]:
    raise ImproperlyConfigured(
        f"{lacking[0]}_CLIENT_ID and {lacking[0]}_CLIENT_SECRET belong together: set both."
    )

# Drawing

CHECKPOINTS = env.words("CHECKPOINTS", "doodle")
"""The offered checkpoints by name, the first the default; a path ending in .toml is a manifest."""

IMAGE_CHECK = env.text("IMAGE_CHECK", "generation.safety.open_nsfw.passed")
"""The dotted name of what looks at the pictures of checkpoints that need it. A name that cannot be
imported, or one that fails, means that nothing of theirs is shown."""

FREE_WAIT_LIMIT = env.number("FREE_WAIT_LIMIT", 1800, least=1)
"""Seconds; a free grid that would wait longer is refused at once."""

GATEWAY_LIMIT = env.number("GATEWAY_LIMIT", 55, least=1, most=3600)
"""Seconds that an answer may take before the proxies in front give up on it. An API call that waits
for pictures ends before, and says how to go on."""

CALLBACK_NETWORKS = env.networks("CALLBACK_NETWORKS")
"""Networks that callbacks may reach although they are not public, and by plain HTTP as well."""

STOP_GRACE = env.number("STOP_GRACE", 20, most=3600)
"""Seconds that a stopping worker may take to finish what it draws."""

# Money

STRIPE_SECRET_KEY = env.text("STRIPE_SECRET_KEY")
"""Without it billing is off, and the rest works."""

STRIPE_WEBHOOK_FILE = CRAIYON_DATA / "stripe_webhook_secret"
"""Where billing_setup keeps the secret of the endpoint that it made."""

STRIPE_WEBHOOK_SECRET = env.text("STRIPE_WEBHOOK_SECRET") or kept(
    STRIPE_WEBHOOK_FILE if STRIPE_SECRET_KEY else None
)
STRIPE_API_BASE = env.text("STRIPE_API_BASE").rstrip("/")
"""Another address than Stripe's own: the tests' server."""

STRIPE_AUTOMATIC_TAX = env.flag("STRIPE_AUTOMATIC_TAX", default=False)
TRIAL_DAYS = env.number("TRIAL_DAYS", 0, most=730)
PAYMENT_GRACE_DAYS = env.number("PAYMENT_GRACE_DAYS", 7, most=60)
REFUND_DAYS = env.number("REFUND_DAYS", 14, most=365)
"""Days within which a first payment is given back on request; the pricing page says so."""

SUPPORT_EMAIL = env.text("SUPPORT_EMAIL")
"""Where people ask for their money back. Nothing is sold without it."""

GPU_HOUR_PRICE = env.number("GPU_HOUR_PRICE", 0, most=10**6)
"""Cents that an hour of a drawing device costs, for the owner's view."""

# Ads of others; those of the house are rows in the admin

ADSENSE_CLIENT = env.text("ADSENSE_CLIENT")
ADSENSE_SLOT = env.text("ADSENSE_SLOT")
ADSENSE_CONSENT = env.text("ADSENSE_CONSENT")
"""The certified consent platform: “google”, or the https address of another one's script."""

PROOF_OF_WORK = env.number("PROOF_OF_WORK", 5000, most=1_000_000)
"""Rounds of PBKDF2 in each of some 256 tries, done by the browser of who is not known yet; 0 asks
for none. 5,000 take half a second on a laptop and some three on a phone."""

# Celery: doorbells on draw.CHECKPOINT, everything else on chores

CELERY_BROKER_URL = _broker.url
CELERY_BROKER_TRANSPORT_OPTIONS = _broker.options
CELERY_BROKER_CONNECTION_TIMEOUT = parts.BROKER_LIMIT
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_TASK_DEFAULT_QUEUE = "chores"
CELERY_TASK_IGNORE_RESULT = True
CELERY_RESULT_EXPIRES = None
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_REDIRECT_STDOUTS = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(CRAIYON_DATA / "beat")
CELERY_BEAT_SCHEDULE = {
    "reports": {"task": "generation.mail_reports", "schedule": 300, "options": {"expires": 300}},
    "callbacks": {
        "task": "generation.send_callbacks",
        "schedule": 15,
        "options": {"expires": 15},
    },
    "sweep": {"task": "generation.sweep", "schedule": 30, "options": {"expires": 30}},
    "tests": {
        "task": "generation.erase_tests",
        "schedule": 3600,
        "options": {"expires": 3600},
    },
    "purge": {"task": "generation.purge", "schedule": 3600, "options": {"expires": 3600}},
    "erase": {"task": "generation.erase_deleted", "schedule": 60, "options": {"expires": 60}},
    "billing": {"task": "billing.look", "schedule": 60, "options": {"expires": 60}},
    "usage": {"task": "billing.reconcile_usage", "schedule": 24 * 3600},
    "ads": {"task": "billing.forget_ads", "schedule": 6 * 3600},
    "reconcile": {"task": "billing.reconcile", "schedule": 3600, "options": {"expires": 3600}},
    "forget": {"task": "craiyon_site.forget", "schedule": 3600, "options": {"expires": 3600}},
    "exports": {"task": "craiyon_site.pack_exports", "schedule": 60, "options": {"expires": 60}},
    "orphans": {"task": "generation.delete_orphans", "schedule": 24 * 3600},
}

# Django

INSTALLED_APPS = [
    "craiyon_site",
    "generation",
    "billing",
    "accounts",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.usersessions",
    *(f"allauth.socialaccount.providers.{name}" for name in _offered),
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "servestatic",
    "csp",
    "rest_framework",
    "drf_spectacular",
    "django_htmx",
]
MIDDLEWARE = [
    "craiyon_site.middleware.request_id",
    "craiyon_site.failures.Readable",
    "craiyon_site.shared_answers.shared_answers",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "billing.adsense.policy_of_its_own",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "craiyon_site.languages.LanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "craiyon_site.failures.DatabaseAway",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "craiyon_site.urls"
ASGI_APPLICATION = "craiyon_site.asgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["craiyon_site.sign_in.Backend"]
PASSWORD_HASHERS = [
    f"django.contrib.auth.hashers.{name}"
    for name in ("Argon2PasswordHasher", "PBKDF2PasswordHasher")
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
    )
]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "craiyon_site" / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = CRAIYON_DATA / "static"
SERVESTATIC_ALLOW_ALL_ORIGINS = False
STORAGES: dict[str, dict[str, Any]] = {
    **_storages,
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "servestatic.storage.CompressedManifestStaticFilesStorage"
    },
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024

SHARED_ANSWERS_SECONDS = env.number("SHARED_ANSWERS_SECONDS", 5, most=60)
"""How long a process keeps answers that are the same for everybody; 0 keeps none."""

# What a browser is told

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        # A browser holds the redirects that follow a form to this as well.
        "form-action": [SELF, *(parts.SIGN_IN_ADDRESSES[name] for name in _offered)],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

_over_tls = _site.scheme == "https"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _over_tls
SECURE_SSL_REDIRECT = _over_tls
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _over_tls else 0
# What the subdomains and the browsers' preload lists are told is for the domain's owner to decide.
# W001: columns of choices that share a name get numbered ones in the schema, which do no harm.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021", "drf_spectacular.W001"]

# Signing in, by django-allauth

LOGIN_URL, LOGIN_REDIRECT_URL, LOGOUT_REDIRECT_URL = "account_login", "home", "home"
ACCOUNT_ADAPTER = "craiyon_site.sign_in.AccountAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "accounts.sign_up.SignUpForm"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_SUBJECT_PREFIX = f"[{SITE_NAME}] "
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_MAX_EMAIL_ADDRESSES = 3
ACCOUNT_DEFAULT_HTTP_PROTOCOL = _site.scheme
# Codes, not links: an address that signs somebody in would stand in logs and histories.
ACCOUNT_EMAIL_VERIFICATION_BY_CODE_ENABLED = ACCOUNT_PASSWORD_RESET_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_CHANGE = ACCOUNT_EMAIL_VERIFICATION_SUPPORTS_RESEND = True
ACCOUNT_LOGIN_BY_CODE_ENABLED = ACCOUNT_LOGIN_BY_CODE_SUPPORTS_RESEND = True
ACCOUNT_PASSWORD_RESET_BY_CODE_TIMEOUT = ACCOUNT_LOGIN_BY_CODE_TIMEOUT = 15 * 60
MFA_ADAPTER = "craiyon_site.sign_in.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = MFA_PASSKEY_SIGNUP_ENABLED = True
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = _site.scheme == "http"
_scopes = {"google": ["email"], "github": ["user:email"]}
SOCIALACCOUNT_PROVIDERS = {
    name: {
        "APPS": [{"client_id": client, "secret": secret}],
        "SCOPE": _scopes[name],
        "OAUTH_PKCE_ENABLED": True,
    }
    for name, (client, secret) in _offered.items()
}
SOCIALACCOUNT_STORE_TOKENS = False

# Logs

LOG_LEVEL = env.choice("LOG_LEVEL", "info", ("debug", "info", "warning", "error"))
LOG_FORMAT = env.choice("LOG_FORMAT", "json", ("json", "text"))
LOGGING = logs.configuration(LOG_LEVEL, LOG_FORMAT)

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["generation.api.parsers.PlainJSON"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "generation.api.problems.answer",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "OAS_VERSION": "3.1.1",
    "TITLE": f"{SITE_NAME} API",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}
