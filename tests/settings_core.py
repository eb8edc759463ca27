"""Settings for the core on its own: Django, PostgreSQL and this app, and no Saleor."""

import os

import dj_database_url

SECRET_KEY = "only for tests"

INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "saleor_program_budgets",
]

AUTH_USER_MODEL = "auth.User"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Tools that never connect (mypy, makemigrations --check in a bare checkout) need no database.
DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL", "postgres://localhost/program_budgets")
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

USE_TZ = True
TIME_ZONE = "UTC"
