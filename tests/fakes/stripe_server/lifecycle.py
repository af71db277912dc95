"""What becomes of subscriptions: paid, failing, changed, cancelled, refunded, disputed."""

from datetime import UTC, datetime
from typing import Any

from tests.fakes.stripe_server.store import Object, Refused, Store, listed

DAY = 24 * 3600
NEVER = 2**40
RETRIES = (3 * DAY, 5 * DAY, 7 * DAY)
"""After a payment failed: when it is tried again, and with the last one given up."""


def after(moment: int, interval: str) -> int:
    """Returns the same day and time a month or a year later, or the month's last day."""
    was = datetime.fromtimestamp(moment, UTC)
    months = was.month + (12 if interval == "year" else 1)
    year, month = was.year + (months - 1) // 12, (months - 1) % 12 + 1
    for day in (was.day, 30, 29, 28):
        try:
            return int(was.replace(year=year, month=month, day=min(day, was.day)).timestamp())
        except ValueError:
            continue
    raise AssertionError(was)


def line(amount: int, start: int, end: int) -> Object:
    """Returns a line of an invoice: so much for this time."""
    return {"object": "line_item", "amount": amount, "period": {"start": start, "end": end}}


class Lifecycle:
    """The rules of subscriptions over a store."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.gives_up_as = "canceled"
        """What the account makes of a subscription that stays unpaid; "past_due" leaves it so."""

    def subscribe(
        self, customer: str, price: str, *, trial_days: int = 0, **columns: Any
    ) -> Object:
        """Returns a new subscription: trialing, active, or incomplete when the card did not pay."""
        store, now = self.store, self.store.now
        bought = store.get("price", price)
        trial_end = now + trial_days * DAY if trial_days else None
        end = trial_end or after(now, bought["recurring"]["interval"])
        if not trial_days and (anchor := columns.pop("billing_cycle_anchor", None)):
            end = anchor
        made = store.add(
            "subscription", customer=customer, status="incomplete", cancel_at_period_end=False,
            cancel_at=None, canceled_at=None, ended_at=None, trial_end=trial_end,
            start_date=now, currency=bought["currency"], latest_invoice=None,
            metadata={}, **columns,
        )  # fmt: skip
        item = store.add(
            "subscription_item", subscription=made["id"], price=bought, quantity=1, metadata={},
            current_period_start=now, current_period_end=end,
        )  # fmt: skip
        made["items"] = listed([item], "/v1/subscription_items")
        amount = 0 if trial_days else due_for(bought)
        paid = self.invoice(made, "subscription_create", line(amount, now, end))
        made["status"] = "trialing" if trial_days else "active" if paid else "incomplete"
        store.tell("customer.subscription.created", made)
        return made

    def invoice(self, subscription: Object, reason: str, *lines: Object) -> bool:
        """Writes an invoice and has it paid, by what the customer has left first; returns whether
        it was."""
        customer = self.store.get("customer", subscription["customer"])
        total = sum(line["amount"] for line in lines)
        due = self.due(customer["id"], total)
        customer["balance"] = min(0, total + customer.get("balance", 0))
        made = self.store.add(
            "invoice", customer=customer["id"], amount_due=due, amount_paid=0,
            status="open", billing_reason=reason, currency=subscription["currency"], total=total,
            lines=listed([*lines], "/v1/invoices/lines"), attempt_count=0,
            parent={"type": "subscription_details",
                    "subscription_details": {"subscription": subscription["id"]}},
        )  # fmt: skip
        subscription["latest_invoice"] = made["id"]
        return self.collect(made)

    def collect(self, invoice: Object) -> bool:
        """Tries to have an invoice paid by the customer's card."""
        store = self.store
        invoice["attempt_count"] += 1
        pays = invoice["amount_due"] <= 0 or store.cards.get(invoice["customer"], False)
        if invoice["amount_due"] > 0:
            charge = store.add(
                "charge", amount=invoice["amount_due"], amount_refunded=0, refunded=False,
                disputed=False, paid=pays, status="succeeded" if pays else "failed",
                customer=invoice["customer"], currency=invoice["currency"],
            )  # fmt: skip
            charge["payment_intent"] = f"pi_{charge['id'][3:]}"
            store.add(
                "invoice_payment", invoice=invoice["id"], is_default=True,
                status="paid" if pays else "open", currency=invoice["currency"],
                payment={"type": "payment_intent", "payment_intent": charge["payment_intent"]},
            )  # fmt: skip
            store.tell(f"charge.{charge['status']}", charge)
        if pays:
            invoice.update(status="paid", amount_paid=invoice["amount_due"])
        else:
            invoice["next_payment_attempt"] = store.now + RETRIES[0]
        store.tell(f"invoice.{'paid' if pays else 'payment_failed'}", invoice)
        return pays

    def change(self, subscription: Object, price: str, behaviour: str, at: int = 0) -> None:
        """Puts another price in place; a different interval starts a new period at once."""
        item = subscription["items"]["data"][0]
        bought = self.store.get("price", price)
        now, old_end = self.store.now, item["current_period_end"]
        charged, credit = self._prorated(subscription, price, at or now)
        other = bought["recurring"]["interval"] != item["price"]["recurring"]["interval"]
        if other and subscription["status"] != "trialing":
            item["current_period_start"] = now
            item["current_period_end"] = after(now, bought["recurring"]["interval"])
        item["price"] = bought
        if behaviour != "none" and subscription["status"] != "trialing":
            new = line(charged, now, item["current_period_end"])
            unused = line(-credit, now, old_end)
            paid = self.invoice(subscription, "subscription_update", unused, new)
            subscription["status"] = "active" if paid else "past_due"

    def proration(self, subscription: Object, price: str, at: int) -> int:
        """Returns what a change costs: the new price less what is left of the old one then."""
        charged, credit = self._prorated(subscription, price, at)
        return charged - credit

    def due(self, customer: str, total: int) -> int:
        """Returns what of an invoice is to be paid after what the customer has left."""
        balance = self.store.get("customer", customer).get("balance", 0)
        return int(max(0, total + balance))

    def _prorated(self, subscription: Object, price: str, at: int) -> tuple[int, int]:
        if subscription["status"] == "trialing":
            return 0, 0
        item, bought = subscription["items"]["data"][0], self.store.get("price", price)
        start, end = item["current_period_start"], item["current_period_end"]
        if not start <= at <= end:
            raise Refused(400, "The proration date must be within the current period.")
        left = (end - at) / max(1, end - start)
        credit = round(due_for(item["price"]) * left)
        same = bought["recurring"]["interval"] == item["price"]["recurring"]["interval"]
        return round(due_for(bought) * (left if same else 1)), credit

    def end(self, subscription: Object) -> None:
        """Ends a subscription now."""
        subscription.update(
            status="canceled", ended_at=self.store.now,
            canceled_at=subscription["canceled_at"] or self.store.now,
        )  # fmt: skip
        self.store.tell("customer.subscription.deleted", subscription)

    def refund(self, charge: Object, amount: int | None = None) -> None:
        """Gives a charge's money back, all of it or a part."""
        wanted = charge["amount"] - charge["amount_refunded"] if amount is None else amount
        if wanted > charge["amount"] - charge["amount_refunded"]:
            raise Refused(400, "The refund is larger than what is left of the charge.")
        charge["amount_refunded"] += wanted
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        self.store.tell("charge.refunded", charge)

    def dispute(self, charge: Object) -> Object:
        """The cardholder's bank asks for the money back. The event names no customer."""
        charge["disputed"] = True
        made = self.store.add(
            "dispute", charge=charge["id"], payment_intent=charge["payment_intent"],
            amount=charge["amount"], status="needs_response", reason="fraudulent",
        )  # fmt: skip
        self.store.tell("charge.dispute.created", made)
        return made

    def close(self, dispute: Object, status: str) -> None:
        """Ends a dispute, won or lost."""
        dispute["status"] = status
        self.store.tell("charge.dispute.closed", dispute)

    def recover(self, customer: str) -> None:
        """A good card is put in: what is open is paid."""
        self.store.cards[customer] = True
        for subscription in self.store.all("subscription", customer=customer):
            invoice = self.store.get("invoice", subscription["latest_invoice"])
            if invoice["status"] == "open" and subscription["status"] in ("past_due", "incomplete"):
                self.collect(invoice)
                subscription["status"] = "active"
                self.store.tell("customer.subscription.updated", subscription)

    def advance(self, seconds: int) -> None:
        """Lets time pass, and everything fall due that does."""
        until = self.store.now + seconds
        while due := min(
            ((moment, one["id"]) for one in self.store.all("subscription")
             if (moment := self._next(one)) and moment <= until), default=None
        ):  # fmt: skip
            self.store.now = max(self.store.now, due[0])
            self._fall_due(self.store.get("subscription", due[1]))
        self.store.now = until

    def _next(self, subscription: Object) -> int:
        match subscription["status"]:
            case "active" | "trialing":
                return self._period_ends(subscription)
            case "past_due":
                return min(self._period_ends(subscription), self._tried_again(subscription))
            case "incomplete":
                return int(subscription["created"]) + DAY
        return 0

    def _fall_due(self, subscription: Object) -> None:
        if subscription["status"] == "incomplete":
            subscription["status"] = "incomplete_expired"
            self.store.tell("customer.subscription.updated", subscription)
        elif (
            subscription["status"] == "past_due"
            and self._tried_again(subscription) <= self.store.now
        ):
            self._retry(subscription)
        elif subscription["cancel_at_period_end"] or subscription["cancel_at"]:
            self.end(subscription)
        else:
            self._renew(subscription)

    def _period_ends(self, subscription: Object) -> int:
        end = int(subscription["items"]["data"][0]["current_period_end"])
        return min(end, subscription["cancel_at"] or end)

    def _tried_again(self, subscription: Object) -> int:
        invoice = self.store.get("invoice", subscription["latest_invoice"])
        return int(invoice["next_payment_attempt"] or NEVER)

    def _renew(self, subscription: Object) -> None:
        item = subscription["items"]["data"][0]
        start, price = item["current_period_end"], item["price"]
        amount = due_for(price, self.used(subscription))
        past = line(amount, item["current_period_start"], start)
        item["current_period_start"] = start
        item["current_period_end"] = after(start, price["recurring"]["interval"])
        coming = line(amount, start, item["current_period_end"])
        metered = price["recurring"]["usage_type"] == "metered"
        paid = self.invoice(subscription, "subscription_cycle", past if metered else coming)
        subscription["status"] = "active" if paid else "past_due"
        self.store.tell("customer.subscription.updated", subscription)

    def _retry(self, subscription: Object) -> None:
        invoice = self.store.get("invoice", subscription["latest_invoice"])
        if self.collect(invoice):
            subscription["status"] = "active"
            self.store.tell("customer.subscription.updated", subscription)
        elif invoice["attempt_count"] > len(RETRIES):
            invoice["next_payment_attempt"] = None
            if self.gives_up_as == "canceled":
                self.end(subscription)
            subscription["status"] = self.gives_up_as
        else:
            wait = RETRIES[invoice["attempt_count"] - 1] - RETRIES[invoice["attempt_count"] - 2]
            invoice["next_payment_attempt"] = self.store.now + wait

    def used(self, subscription: Object) -> int:
        """Returns what the meter holds for the current period."""
        item = subscription["items"]["data"][0]
        return sum(
            event["value"] for event in self.store.meter_events
            if event["customer"] == subscription["customer"]
            and item["current_period_start"] <= event["timestamp"] < item["current_period_end"]
        )  # fmt: skip


def due_for(price: Object, used: int = 0) -> int:
    """Returns what one period costs, in the smallest unit of the currency."""
    if price["recurring"]["usage_type"] == "metered":
        return round(float(price["unit_amount_decimal"]) * used)
    return int(price["unit_amount"])
