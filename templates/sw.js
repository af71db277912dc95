{% load i18n static %}{% get_current_language as language %}// Says that there is no connection where there is none. It keeps one page and what that page is
// made of, and nothing else: no grid, no picture, no page of anybody's.

const PAGE = "/offline";
const PARTS = [
  PAGE,
  "{% static 'icon.svg' %}",
  "{% static 'site.css' %}",
  "{% static 'fonts/bricolage-grotesque-latin-700.woff2' %}",
  "{% static 'fonts/figtree-latin-wght-normal.woff2' %}",
];
// In another language this is another script: the browser installs it and keeps the page anew.
const SHELF = `offline {{ language }} ${PARTS.join(" ")}`;

addEventListener("install", (event) => {
  event.waitUntil(caches.open(SHELF).then((shelf) => shelf.addAll(PARTS)).then(() => skipWaiting()));
});

addEventListener("activate", (event) => {
  const old = caches.keys().then((names) => names.filter((name) => name !== SHELF));
  event.waitUntil(old.then((names) => Promise.all(names.map((name) => caches.delete(name)))));
});

addEventListener("fetch", (event) => {
  const asked = new URL(event.request.url).pathname;
  if (event.request.mode === "navigate") {
    event.respondWith(fetch(event.request).catch(() => caches.match(PAGE)));
  } else if (PARTS.includes(asked)) {
    event.respondWith(fetch(event.request).catch(() => caches.match(asked)));
  }
});
