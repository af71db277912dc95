#!/usr/bin/env python3
"""Runs one of the project's commands: ``python manage.py COMMAND``."""

import os
import sys

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "craiyon_site.settings")
    try:
        _ = settings.SECRET_KEY  # reads the settings: what is wrong there is said in one line
    except ImproperlyConfigured as error:
        sys.exit(str(error))
    execute_from_command_line(sys.argv)
