// What the pages do by themselves. Without this they work by reloading.

const root = document.documentElement;
const job = document.querySelector("[data-events]");
const prompt = document.querySelector("textarea[name=prompt]");

if (prompt) submitOnEnter(prompt);
if (job) follow(job.dataset.events);

function submitOnEnter(field) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    field.form.requestSubmit();
  });
}

function isOpen() {
  return root.dataset.status === "queued" || root.dataset.status === "running";
}

// Follows the server's events; asks now and then where there are none.
function follow(address) {
  if (!isOpen()) return;
  const events = new EventSource(address);
  events.addEventListener("job", (event) => hear(JSON.parse(event.data)));
  events.addEventListener("done", () => {
    events.close();
    refresh();
  });
  events.addEventListener("error", () => {
    if (events.readyState === EventSource.CLOSED) ask();
  });
}

async function ask() {
  while (isOpen()) {
    await new Promise((resolve) => setTimeout(resolve, 4000));
    await refresh();
  }
}

function hear(news) {
  if (news.status !== root.dataset.status) {
    refresh();
    return;
  }
  for (const place of job.querySelectorAll("[data-live]")) {
    const said = news[place.dataset.live];
    if (place.textContent !== said) place.textContent = said;
  }
  const bar = job.querySelector("progress");
  if (bar) bar.value = Math.round(100 * news.progress);
  for (const line of job.querySelectorAll(".grid .crayon")) {
    line.setAttribute("stroke-dashoffset", (1 - news.progress).toFixed(3));
  }
}

// Puts the page as it is now in place of what is shown, part by part, so that focus and what a
// screen reader reads stay where they are.
async function refresh() {
  let answer;
  try {
    answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
  } catch {
    return; // offline for a moment: the next event or question will do
  }
  if (answer.status === 404 || answer.status === 410) {
    location.reload();
    return;
  }
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const focused = document.activeElement;
  root.dataset.status = page.documentElement.dataset.status;
  document.title = page.title;
  for (const part of job.querySelectorAll("[data-part]")) {
    const fresh = page.querySelector(`[data-part=${part.dataset.part}]`);
    if (fresh && fresh.innerHTML !== part.innerHTML) part.replaceChildren(...fresh.childNodes);
  }
  if (focused && !focused.isConnected) document.getElementById("main").focus();
}
