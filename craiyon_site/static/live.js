// What htmx does not do for a page that follows a grid: it draws the crayon lines as far as the
// work has come, and asks for the page where the news say that it is out of date, and where its
// stream is silent (blocked by a proxy, cut off by a phone that slept).

const SILENCE = 25_000; // the server says something every 15 seconds
const NEVER_HEARD = 5_000;

let heard = Date.now();
let everHeard = false;

const follows = () => document.querySelector("#job[data-follows]");

function ask() {
  heard = Date.now();
  const job = follows();
  if (job && !document.hidden) htmx.trigger(job, "ask");
}

function draw() {
  const bar = document.querySelector("#news progress");
  if (!bar) return;
  const rest = (1 - bar.value / 100).toFixed(3);
  for (const line of document.querySelectorAll(".frame .crayon")) {
    line.setAttribute("stroke-dashoffset", rest);
  }
}

// A place changes at once for everybody behind: why somebody waits is asked by those who read it.
function keepUp() {
  const place = document.getElementById("news-place")?.textContent;
  const why = document.getElementById("why");
  const summary = why?.querySelector("[data-asks]");
  if (place && summary) summary.textContent = summary.dataset.asks.replace("{place}", place);
  const changed = !document.getElementById(`news-${follows()?.dataset.follows}`);
  if (changed || (why?.open && place && place !== why.dataset.place)) ask();
}

document.addEventListener("htmx:sse:after:message", () => {
  heard = Date.now();
  everHeard = true;
  draw();
  keepUp();
});

document.addEventListener(
  "toggle",
  (event) => {
    if (event.target.id === "why" && event.target.open) ask();
  },
  true,
);

setInterval(() => {
  if (Date.now() - heard > (everHeard ? SILENCE : NEVER_HEARD)) ask();
}, 1_000);

addEventListener("online", ask);
addEventListener("pageshow", (event) => event.persisted && ask());
document.addEventListener("visibilitychange", () => {
  if (Date.now() - heard > NEVER_HEARD) ask();
});
