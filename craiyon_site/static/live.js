// What htmx does not do for a page that follows a grid: it draws the crayon lines as far as the
// work has come, and asks for the page where its stream is silent (blocked by a proxy, cut off by
// a phone that slept).

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

document.addEventListener("htmx:sse:after:message", () => {
  heard = Date.now();
  everHeard = true;
  draw();
});

setInterval(() => {
  if (Date.now() - heard > (everHeard ? SILENCE : NEVER_HEARD)) ask();
}, 1_000);

addEventListener("online", ask);
addEventListener("pageshow", (event) => event.persisted && ask());
document.addEventListener("visibilitychange", () => {
  if (Date.now() - heard > NEVER_HEARD) ask();
});
