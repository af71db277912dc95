"""The pages: parse, call one service, present."""

from http import HTTPStatus
from secrets import token_urlsafe
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import proofs
from accounts.models import Owner, Visitor
from accounts.sign_up import sentence
from accounts.visitors import known_key, network_from, new_key, newcomer, owner_of, remember
from generation import catalogue
from generation.access import Refused
from generation.errors import GenerationError, ProofNeeded
from generation.prompts import LONGEST_PROMPT
from generation.site import first_page, refusals
from generation.site.forms import DrawForm
from generation.site.known_words import unknown_words
from generation.submission import GridRequest, submit
from generation.tasks import ring

TRY_AGAIN_AFTER = 10
"""Seconds said in Retry-After where nothing better is known: a grid in flight may be done."""


@require_http_methods(["GET", "HEAD", "POST"])
def home(request: HttpRequest) -> HttpResponse:
    """The form; a POST draws and leads to the grid, or shows the form again with the reason."""
    if request.method != "POST":
        return _form(request, DrawForm(initial=_prefilled(request)))
    form = DrawForm(request.POST)
    if not form.is_valid():
        return _form(request, form, refusal=GenerationError(form.complaint))
    try:
        return drawn(request, form.request())
    except GenerationError as refusal:
        return _form(request, form, refusal=refusal)


@require_POST
def words(request: HttpRequest) -> HttpResponse:
    """What the model never learnt of a prompt that is being typed, as a piece of the form."""
    offered = catalogue.offered()
    named = offered.get(request.POST.get("checkpoint", ""))
    checkpoint = named or next(iter(offered.values()))
    unknown = unknown_words(checkpoint, request.POST.get("prompt", "")[:LONGEST_PROMPT])
    context = {"unknown": unknown, "checkpoint": checkpoint}
    return private(render(request, "generation/unknown.html", context))


def refusal_page(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The page that says why there is no grid to see."""
    response = private(render(request, refused.template, status=refused.status))
    if refused.status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["Retry-After"] = str(TRY_AGAIN_AFTER)
    return response


def drawn(request: HttpRequest, wanted: GridRequest) -> HttpResponse:
    """Submits and leads to the grid. A newcomer becomes a visitor if the grid is accepted."""
    key = request.POST.get("key", "")
    owner, network = owner_of(request), network_from(request)
    if owner is None:
        _refuse_unproven(request, key)
    with transaction.atomic():
        asks: Owner = owner or newcomer(key)
        job = submit(
            wanted, owner=asks, network=network, idempotency_key=_once(key, wanted), ring=ring
        )
    response = redirect("grid", job.pk)
    response.status_code = HTTPStatus.SEE_OTHER
    if isinstance(asks, Visitor):
        remember(response, asks)
    return response


def _refuse_unproven(request: HttpRequest, key: str) -> None:
    """A newcomer's two clicks on one form need one proof; without a form each needs its own."""
    purpose = known_key(key) or token_urlsafe(16)
    proof, stamp = request.POST.get("proof", ""), request.POST.get("stamp", "")
    try:
        proofs.refuse_unproven(proof, stamp, purpose)
    except proofs.Unproven as unproven:
        raise ProofNeeded(sentence(unproven), retry_after=unproven.wait) from None


def _once(key: str, wanted: GridRequest) -> str:
    """One click, one job. A form that is sent again with other words in it is another click."""
    inside = known_key(key)
    return f"form {inside} {wanted.hash[:32]}" if inside else ""


def _form(
    request: HttpRequest, form: DrawForm, *, refusal: GenerationError | None = None
) -> HttpResponse:
    owner = owner_of(request)
    context = first_page.context_of(owner, form) | {
        "key": new_key(),
        "task": None if owner else proofs.new_task(request.POST.get("stamp", "")),
    }
    request.sees_ads = context["ads"]  # type: ignore[attr-defined]  # who places ads need not ask
    return answer(request, "generation/home.html", context, refusal)


def answer(
    request: HttpRequest, template: str, context: dict[str, Any], refusal: GenerationError | None
) -> HttpResponse:
    """A page, and above it why what was asked for is refused, if it is."""
    if refusal is not None:
        context |= refusals.context_of(owner_of(request), refusal)
    response = private(render(request, template, context))
    if refusal is not None:
        response.status_code = refusal.status
        if refusal.status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
            response["Retry-After"] = str(refusal.retry_after or TRY_AGAIN_AFTER)
    return response


def private(response: HttpResponse) -> HttpResponse:
    """Every page depends on who looks, and holds a key that is good once."""
    response["Cache-Control"] = "private, no-store"
    return response


def _prefilled(request: HttpRequest) -> dict[str, str]:
    """What a link to the form may fill in: the samples do, and “change the prompt”."""
    return {name: request.GET[name] for name in DrawForm.base_fields if name in request.GET}
