"""Makes an API key for an account, and prints it."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from accounts import keys
from accounts.management.console import need_tables
from accounts.models import User


class Command(BaseCommand):
    help = "Prints a new API key of the account with this address; it cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", help="the account's address")
        parser.add_argument("--create", action="store_true", help="make the account if need be")
        parser.add_argument("--test", action="store_true", help="a test key: marked pictures, free")
        parser.add_argument("--name", default="command line", help="what to call the key")

    def handle(self, *, email: str, create: bool, test: bool, name: str, **options: Any) -> None:
        need_tables()
        user = _account(email, create=create)
        try:
            _, text = keys.make(user, keys.KeyWish(name=name[:60], live=not test))
        except keys.TooManyKeys:
            raise CommandError(f"{email} has {keys.MOST_KEYS} keys; revoke some first.") from None
        self.stdout.write(text)


def _account(email: str, *, create: bool) -> User:
    found = User.objects.filter(email__iexact=email)[:2]
    if len(found) == 2:
        raise CommandError(f"Several accounts have the address {email}.")
    if found:
        return found[0]
    if not create:
        raise CommandError(f"No account has the address {email}. --create makes one.")
    try:
        validate_email(email)
    except ValidationError:
        raise CommandError(f"{email} is no address.") from None
    return User.objects.create_user(username=_free_name(email), email=email)


def _free_name(email: str) -> str:
    """The address itself is the name, unless somebody is called so."""
    name = email[:140]
    taken = User.objects.filter(username__startswith=name).count()
    return f"{name}-{taken + 1}" if taken else name
