from django.apps import AppConfig


class SessionsAppConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Who meets whom, and when"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from sessions_app.access import checks as access_checks  # noqa: F401 - registers itself
        from sessions_app.people import checks  # noqa: F401 - registers itself
