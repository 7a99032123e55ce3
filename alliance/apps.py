from django.apps import AppConfig


class AllianceConfig(AppConfig):
    name = "alliance"
    verbose_name = "What is said of the relationship, and how it goes"
    default_auto_field = "django.db.models.BigAutoField"
