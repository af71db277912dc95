// Holds Google's ads back until the consent platform has spoken, and asks for personalised ones
// only after a yes to storage, profiles and their use. Without an answer nothing is requested.

const queue = (window.adsbygoogle = window.adsbygoogle || []);
queue.pauseAdRequests = 1;
queue.requestNonPersonalizedAds = 1;
queue.push({});

const PURPOSES = [1, 3, 4];
let asked = 0;

function heard(consent, ok) {
  if (!ok) return;
  if (consent.gdprApplies === false) {
    queue.pauseAdRequests = 0;
    return;
  }
  if (consent.eventStatus !== "tcloaded" && consent.eventStatus !== "useractioncomplete") return;
  const yes = consent.purpose?.consents ?? {};
  if (!yes[1]) return; // even ads that are not personal keep something in the browser
  queue.requestNonPersonalizedAds = PURPOSES.every((purpose) => yes[purpose]) ? 0 : 1;
  queue.pauseAdRequests = 0;
}

function listen() {
  if (window.__tcfapi) window.__tcfapi("addEventListener", 2, heard);
  else if ((asked += 1) < 50) setTimeout(listen, 200);
}

listen();
