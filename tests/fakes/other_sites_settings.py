"""The site's settings, with Google and GitHub at the address that OTHER_SITE names."""

import os

from craiyon_site.settings import *  # noqa: F403
from craiyon_site.settings import SOCIALACCOUNT_PROVIDERS

_there = os.environ["OTHER_SITE"]
SOCIALACCOUNT_PROVIDERS["google"] |= {
    "AUTHORIZE_URL": f"{_there}/authorize",
    "ACCESS_TOKEN_URL": f"{_there}/token",
    "IDENTITY_URL": f"{_there}/userinfo",
}
SOCIALACCOUNT_PROVIDERS["github"]["GITHUB_URL"] = _there
# It answers from the process of the tests, once that has a turn.
SOCIALACCOUNT_REQUESTS_TIMEOUT = 60
