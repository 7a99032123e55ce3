from django.apps import AppConfig
from django.db.models.signals import pre_migrate


class SessionsAppConfig(AppConfig):
    name = "sessions_app"
    verbose_name = "Who meets whom, and when"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self):
        from sessions_app.access import checks as access_checks  # noqa: F401 - registers itself
        from sessions_app.management.all_rows import refuse_to_see_some
        from sessions_app.people import checks, sign_ins  # noqa: F401 - register themselves

        # A migration that changes rows would change none of them, and say nothing.
        pre_migrate.connect(refuse_to_see_some, dispatch_uid="all rows")
