"""Forms are also sent to a tablet of the practice."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("alliance", "0006_second_wall"),
        ("sessions_app", "0006_tablets"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="ratingrequest",
            name="request_channel_is_known",
        ),
        migrations.AlterField(
            model_name="ratingrequest",
            name="channel",
            field=models.CharField(
                choices=[
                    ("device", "This device, handed over"),
                    ("link", "QR code or link"),
                    ("tablet", "A tablet of the practice"),
                ],
                max_length=16,
            ),
        ),
        migrations.AddConstraint(
            model_name="ratingrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(("channel__in", ["device", "link", "tablet"])),
                name="request_channel_is_known",
            ),
        ),
    ]
