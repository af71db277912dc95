"""The addresses of money."""

from django.urls import path

from billing import ad_views, views, webhook

urlpatterns = [
    path("ads.txt", ad_views.ads_txt, name="ads_txt"),
    path("ads/place/<slug:page>", ad_views.place, name="ad_place"),
    path("ads/<str:token>/picture", ad_views.picture, name="ad_picture"),
    path("ads/<str:token>/follow", ad_views.follow, name="ad_follow"),
    path("plans", views.plans, name="plans"),
    path("plans/checkout", views.begin, name="plans_begin"),
    path("plans/return", views.come_back, name="plans_return"),
    path("plans/portal", views.portal, name="plans_portal"),
    path("plans/change/<slug:lookup_key>", views.change, name="plans_change"),
    path("plans/cap", views.cap, name="plans_cap"),
    path("plans/end/<slug:kind>", views.end, name="plans_end"),
    path("stripe/webhook", webhook.webhook, name="stripe_webhook"),
]
