"""What every page needs to know."""

from django.conf import settings


def demo(request):
    """Say whether the data shown are invented."""
    return {"is_demo": settings.DEMO}
