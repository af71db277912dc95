"""Thin Celery tasks, all on the chores' queue. Each may run twice or not at all."""

import structlog
from celery import shared_task

from billing import ads, gateway, gifts, inbox, notices, prices, usage
from billing.errors import BillingError

log = structlog.get_logger(__name__)


@shared_task(name="billing.look")
def look() -> None:
    """Follows what is wanted: disputes without a customer, customers to read, gifts, mails."""
    if gateway.is_on():
        inbox.find_customers()
        inbox.read_wanted()
        usage.send_due()
        usage.tell_of_caps()
    gifts.end_due()
    notices.send_owed()


@shared_task(name="billing.forget_ads")
def forget_ads() -> None:
    """Deletes the showings of ads that can be counted no more."""
    ads.forget_old()


@shared_task(name="billing.reconcile_usage")
def reconcile_usage() -> None:
    """Compares the paid grids of the last days with Stripe's sums."""
    if not gateway.is_on():
        return
    try:
        usage.reconcile_sums()
    except BillingError as error:
        log.warning("usage.not_compared", error=str(error))


@shared_task(name="billing.reconcile")
def reconcile() -> None:
    """Reads everybody once an hour: an event may never have come."""
    if not gateway.is_on():
        return
    try:
        if missing := prices.read():
            log.error("prices.missing", lookup_keys=missing, mend="manage.py billing_setup")
    except BillingError as error:
        log.warning("prices.not_read", error=str(error))
    inbox.want_all()
    while inbox.read_wanted():
        pass
