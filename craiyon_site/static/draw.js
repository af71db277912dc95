// The form on the first page. Without this it works as well, and says the same after Draw.

const form = document.getElementById("draw");
const prompt = form.elements.prompt;
const counter = document.getElementById("counter");
const unknown = document.getElementById("unknown");
const KEPT = "draft";
const OURS = new Set(["csrfmiddlewaretoken", "key", "proof", "stamp"]);
const PAUSE = 400; // milliseconds without a key, after which somebody wants to read

let asking;

restore();
fitModel();
count();
form.addEventListener("input", keep);
form.addEventListener("change", keep);
form.elements.checkpoint?.addEventListener("change", fitModel);
prompt.addEventListener("input", count);
prompt.addEventListener("keydown", submitOnEnter);
form.addEventListener("input", (event) => {
  if (event.target === prompt || event.target.name === "checkpoint") askForWords();
});
navigator.serviceWorker?.register("/sw.js").catch(() => {}); // only for the page that says offline

// A prompt is one line: Enter draws, Ctrl or Command and Enter too, Shift and Enter breaks the line.
function submitOnEnter(event) {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
}

// What was typed outlives a reload, a refusal and a lost connection, in this tab alone. It goes once
// the server has it: when the newest grid is of this prompt. The text that the page came with is
// kept beside it: what a link or a refusal fills in makes way for nothing but what became of it.
function keep() {
  const said = [...new FormData(form)].filter(([name]) => !OURS.has(name));
  try {
    sessionStorage.setItem(KEPT, JSON.stringify([...said, ["origin", prompt.defaultValue]]));
  } catch {
    // a full or forbidden storage keeps nothing
  }
}

function restore() {
  let said;
  try {
    said = JSON.parse(sessionStorage.getItem(KEPT)) ?? [];
  } catch {
    return;
  }
  const kept = Object.fromEntries(said);
  const drawn = kept.prompt?.trim().replace(/\s+/g, " ") === form.dataset.drawn;
  if (drawn) sessionStorage.removeItem(KEPT);
  // Whoever follows a link to a sample once more wants the sample.
  const again = performance.getEntriesByType("navigation")[0]?.type !== "navigate";
  const filled = prompt.defaultValue && !(again && prompt.defaultValue === kept.origin);
  if (drawn || !kept.prompt || filled) return;
  // Somebody may have been faster than this script.
  const typed = prompt.value !== prompt.defaultValue;
  for (const [name, value] of typed ? [] : said) {
    const field = form.elements[name];
    if (field) field.value = value;
  }
  // Nobody draws with what they cannot see.
  const more = form.querySelector("details.more");
  more.open ||= [...more.querySelectorAll("input, select")].some(changed);
  askForWords();
}

function changed(field) {
  if (field.matches("input")) return field.value !== field.defaultValue;
  const usual = field.querySelector("[selected]") ?? field.options[0];
  return field.value !== usual.value;
}

function count() {
  const most = Number(counter.dataset.most);
  const length = [...prompt.value.trim().replace(/\s+/g, " ")].length;
  counter.textContent =
    length > 0.8 * most
      ? counter.dataset.said.replace("{n}", length).replace("{most}", most)
      : "";
  counter.classList.toggle("over", length > most);
}

function askForWords() {
  clearTimeout(asking);
  asking = setTimeout(async () => {
    const asked = prompt.value;
    const said = await answerTo(new FormData(form));
    if (said === null || asked !== prompt.value) return;
    const page = new DOMParser().parseFromString(said, "text/html");
    unknown.replaceChildren(...page.body.childNodes);
  }, PAUSE);
}

async function answerTo(body) {
  try {
    const answer = await fetch(unknown.dataset.words, { method: "POST", body });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null; // Draw will say the same
  }
}

// Styles and sizes that the chosen model has not got cannot be chosen.
function fitModel() {
  const model = form.elements.checkpoint?.value;
  if (!model) return;
  for (const choice of form.querySelectorAll("[data-for]")) {
    const field = choice.matches("option") ? choice : choice.querySelector("input");
    const fits = choice.dataset.for.split(" ").includes(model);
    field.disabled = !fits || "locked" in field.dataset;
    field.hidden = !fits;
    if (fits) continue;
    if (field.selected) form.elements.size.value = "";
    if (field.checked) form.elements.style.value = "";
  }
}
