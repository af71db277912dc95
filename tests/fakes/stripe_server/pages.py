"""Checkout and the portal as pages that a browser clicks through. No script, no style."""

from html import escape
from typing import Any

from tests.fakes.stripe_server.lifecycle import Lifecycle
from tests.fakes.stripe_server.store import Object, Refused, Store

GOOD, DECLINED = "4242424242424242", "4000000000000341"

CARD = "<label>Card number <input name=card></label>"


class Pages:
    """What people see at Stripe's."""

    def __init__(self, store: Store, lifecycle: Lifecycle) -> None:
        self.store, self.lifecycle = store, lifecycle

    def show(self, kind: str, key: str) -> str:
        """Returns the page of a session."""
        if kind == "checkout":
            session = self.store.get("checkout.session", key)
            price = self.store.get("price", session["line_items"][0]["price"])
            form = (
                f"{CARD}<button name=do value=pay>Subscribe</button>"
                f"<a href='{escape(session['cancel_url'])}'>Back</a>"
            )
            if session["status"] != "open":
                form = "<p>This session is over.</p>"
            amount = price["unit_amount_decimal"]
            return _page("Checkout", f"<p>{amount} {price['currency']}</p>{_form(form)}")
        session = self.store.get("billing_portal.session", key)
        owned = self.store.all("subscription", customer=session["customer"])
        rows = "".join(map(self._row, owned))
        card = CARD + "<button name=do value=card>Save card</button>"
        back = f"<a href='{escape(session['return_url'])}'>Return to the site</a>"
        return _page("Customer portal", f"{rows}{_form(card)}{back}")

    def _row(self, subscription: Object) -> str:
        if subscription["status"] in ("canceled", "incomplete_expired"):
            return f"<p>{subscription['id']} has ended</p>"
        ending = subscription["cancel_at_period_end"]
        verb, said = ("resume", "Renew plan") if ending else ("cancel", "Cancel plan")
        hidden = f"<input type=hidden name=subscription value={subscription['id']}>"
        return _form(f"{hidden}<button name=do value={verb}>{said}</button>")

    def act(self, kind: str, key: str, given: dict[str, Any]) -> str:
        """Does what was pressed; returns where the browser goes next."""
        if kind == "checkout":
            return self._pay(self.store.get("checkout.session", key), given)
        session = self.store.get("billing_portal.session", key)
        if given["do"] == "card":
            self.lifecycle.recover(session["customer"])
        else:
            changed = self.store.get("subscription", given["subscription"])
            if changed["customer"] != session["customer"]:
                raise Refused(404, "No such subscription.")
            changed["cancel_at_period_end"] = given["do"] == "cancel"
            self.store.tell("customer.subscription.updated", changed)
        return f"/portal/{key}"

    def _pay(self, session: Object, given: dict[str, Any]) -> str:
        if session["status"] != "open":
            raise Refused(400, "This session is over.")
        if given.get("card", "") not in (GOOD, DECLINED):
            return f"/checkout/{session['id']}"
        self.store.cards[session["customer"]] = given["card"] == GOOD
        if given["card"] != GOOD:
            return f"/checkout/{session['id']}?declined"
        details = session.get("subscription_data", {})
        columns = {}
        if "billing_cycle_anchor" in details:
            columns["billing_cycle_anchor"] = int(details["billing_cycle_anchor"])
        made = self.lifecycle.subscribe(
            session["customer"], session["line_items"][0]["price"],
            trial_days=int(details.get("trial_period_days", 0)), **columns,
        )  # fmt: skip
        session.update(status="complete", payment_status="paid", subscription=made["id"])
        self.store.tell("checkout.session.completed", session)
        return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _form(inner: str) -> str:
    return f"<form method=post>{inner}</form>"


def _page(title: str, body: str) -> str:
    return f"<!doctype html><html lang=en><title>{title}</title><h1>{title}</h1>{body}</html>"
