"""What a device that is handed over adds to a request: how often it strayed, how it ended."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("alliance", "0004_comments_encrypted")]

    operations = [
        migrations.AddField(
            model_name="ratingrequest",
            name="strays",
            field=models.PositiveSmallIntegerField(
                db_default=0,
                default=0,
                help_text="How often another address was tried on the device handed over.",
            ),
        ),
        migrations.AlterField(
            model_name="ratingrequest",
            name="closing",
            field=models.CharField(
                blank=True,
                choices=[
                    ("answered", "Answered"),
                    ("replaced", "Replaced by a newer one"),
                    ("ended", "Ended on the device before it was answered"),
                ],
                max_length=16,
            ),
        ),
    ]
