"""Names are of signs that a reader sees. Nothing changes in the tables."""

import django.core.validators
from django.db import migrations, models

import sessions_app.access.signs


class Migration(migrations.Migration):
    dependencies = [
        ("sessions_app", "0008_public_cache"),
    ]

    operations = [
        migrations.AlterField(
            model_name="practice",
            name="name",
            field=models.CharField(
                max_length=120,
                validators=[
                    django.core.validators.MinLengthValidator(1),
                    sessions_app.access.signs.validate_name,
                ],
                verbose_name="name",
            ),
        ),
        migrations.AlterField(
            model_name="tablet",
            name="name",
            field=models.CharField(
                max_length=40,
                validators=[
                    django.core.validators.MinLengthValidator(1),
                    sessions_app.access.signs.validate_name,
                ],
                verbose_name="name",
            ),
        ),
        migrations.AlterField(
            model_name="user",
            name="name",
            field=models.CharField(
                max_length=120,
                validators=[sessions_app.access.signs.validate_name],
                verbose_name="name",
            ),
        ),
    ]
