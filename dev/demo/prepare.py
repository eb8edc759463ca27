"""What only Saleor's management commands can do: migrate, and create the first member of staff.

Both in one process, since importing Saleor takes seconds. Migrating a database that is up to date
changes no table; it lets the plugin register its App.
"""

import sys

import django
from django.core.management import call_command

if __name__ == "__main__":
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createsuperuser", interactive=False, email=sys.argv[1])
