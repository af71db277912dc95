// Google's script is not even fetched before the consent platform has spoken, and asks for
// personalised ads only after a yes to storage, profiles and their use. Without an answer: nothing.

const SCRIPT = "https://pagead2.googlesyndication.com/pagead/js/adsbygoogle.js";
const PURPOSES = [1, 3, 4];
const place = document.querySelector("ins.adsbygoogle");
const queue = (window.adsbygoogle = window.adsbygoogle || []);
let asked = 0;
let loaded = false;

function load(personal) {
  queue.requestNonPersonalizedAds = personal ? 0 : 1;
  if (loaded) return; // what was decided anew holds from the next page on as well
  loaded = true;
  queue.push({});
  const script = document.createElement("script");
  script.src = `${SCRIPT}?client=${place.dataset.adClient}`;
  script.async = true;
  script.crossOrigin = "anonymous";
  document.head.append(script);
}

function heard(consent, ok) {
  if (!ok) return;
  if (consent.gdprApplies === false) {
    load(false); // where no law asks, nobody has said yes either
    return;
  }
  if (consent.eventStatus !== "tcloaded" && consent.eventStatus !== "useractioncomplete") return;
  const yes = consent.purpose?.consents ?? {};
  if (!yes[1]) return; // even ads that are not personal keep something in the browser
  load(PURPOSES.every((purpose) => yes[purpose]));
}

function listen() {
  if (window.__tcfapi) window.__tcfapi("addEventListener", 2, heard);
  else if ((asked += 1) < 50) setTimeout(listen, 200);
}

if (place) listen();
