from django.apps import AppConfig


class SessionsAppConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Who meets whom, and when"
    default_auto_field = "django.db.models.BigAutoField"
