// Walks through a grid with the keyboard, and enlarges its pictures in a dialog.

const viewer = document.getElementById("viewer");
const shown = viewer.querySelector("img");
const name = document.getElementById("viewer-name");
const STEPS = { ArrowLeft: -1, ArrowRight: 1 };
const FAR_ENOUGH = 40; // pixels that a finger must go for a swipe

let current = 0; // the cell that Tab leads to
let link; // the picture that is enlarged

const cells = () => [...document.querySelectorAll("#job .frame")];
const links = () => [...document.querySelectorAll("#job .enlarge")];
const stop = (cell) => cell.querySelector("a, button") ?? cell;
const direction = () => (document.documentElement.dir === "rtl" ? -1 : 1);

// The grid is one stop for Tab; the arrow keys go on inside it.
function settle() {
  const all = cells();
  current = Math.min(current, all.length - 1);
  all.forEach((cell, index) => {
    stop(cell).tabIndex = index === current ? 0 : -1;
    if (stop(cell) !== cell) cell.removeAttribute("tabindex");
  });
}

function walk(event) {
  const cell = event.target.closest(".frame");
  if (!cell || event.altKey || event.metaKey) return;
  const all = cells();
  const at = all.indexOf(cell);
  const across = cell.parentElement.children.length;
  const across1 = all[0].parentElement.children.length;
  const first = at - [...cell.parentElement.children].indexOf(cell);
  const to = {
    ArrowLeft: at - direction(),
    ArrowRight: at + direction(),
    ArrowUp: at - across1,
    ArrowDown: at + across1,
    Home: event.ctrlKey ? 0 : first,
    End: event.ctrlKey ? all.length - 1 : first + across - 1,
  }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  focus(to);
}

function focus(index) {
  const cell = cells()[index];
  if (!cell) return;
  current = index;
  settle();
  stop(cell).focus();
}

function show(to) {
  link = to;
  const all = links();
  const picture = to.querySelector("img");
  shown.src = picture.getAttribute("src");
  shown.alt = picture.alt;
  shown.width = picture.getAttribute("width");
  shown.height = picture.getAttribute("height");
  const words = { "{n}": all.indexOf(to) + 1, "{of}": all.length };
  name.textContent = viewer.dataset.name.replace(/\{n\}|\{of\}/g, (word) => words[word]);
  for (const save of viewer.querySelectorAll("[data-format]")) {
    save.href = `${to.getAttribute("href").replace(/\.\w+$/, "")}.${save.dataset.format}?save`;
  }
  for (const button of viewer.querySelectorAll("[data-turn]")) {
    button.disabled = !all[all.indexOf(to) + Number(button.dataset.turn)];
  }
  current = cells().indexOf(to.closest(".frame"));
}

function turn(by) {
  const to = links()[links().indexOf(link) + by];
  if (to) show(to);
}

// Moves a picture from where it is to where it will be, where the browser can.
function move(from, to, change) {
  if (!document.startViewTransition || matchMedia("(prefers-reduced-motion: reduce)").matches) {
    change();
    return;
  }
  from.style.viewTransitionName = "picture";
  const transition = document.startViewTransition(() => {
    from.style.viewTransitionName = "";
    change();
    to.style.viewTransitionName = "picture";
  });
  transition.ready.catch(() => {}); // a page in the background skips it
  transition.finished.finally(() => (to.style.viewTransitionName = ""));
}

function enlarge(event) {
  const to = event.target.closest("#job .enlarge");
  if (!to || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  move(to.querySelector("img"), shown, () => {
    show(to);
    viewer.showModal();
  });
}

function close() {
  move(shown, link.querySelector("img"), () => {
    viewer.close();
    settle();
    link.focus();
  });
}

let down;
viewer.addEventListener("pointerdown", (event) => (down = event));
// A browser that takes a swipe for the start of a scroll swallows the next tap, to stop it.
viewer.addEventListener(
  "touchmove",
  (event) => {
    const [finger, another] = event.touches;
    if (!down || another || !event.cancelable) return;
    const [across, along] = [finger.clientX - down.clientX, finger.clientY - down.clientY];
    if (Math.abs(across) > Math.abs(along)) event.preventDefault();
  },
  { passive: false },
);
viewer.addEventListener("pointerup", (event) => {
  if (!down || event.pointerType === "mouse") return;
  const [across, along] = [event.clientX - down.clientX, event.clientY - down.clientY];
  if (Math.abs(across) > FAR_ENOUGH && Math.abs(across) > Math.abs(along)) {
    turn(across < 0 ? direction() : -direction());
  }
});
viewer.addEventListener("keydown", (event) => {
  if (event.key in STEPS) turn(STEPS[event.key] * direction());
  else if (event.key === "Home") show(links().at(0));
  else if (event.key === "End") show(links().at(-1));
  else return;
  event.preventDefault();
});
viewer.addEventListener("click", (event) => {
  const button = event.target.closest("[data-turn]");
  if (button) turn(Number(button.dataset.turn));
  if (event.target === viewer) close();
});
viewer.addEventListener("cancel", (event) => {
  event.preventDefault();
  close();
});
viewer.querySelector("form").addEventListener("submit", (event) => {
  event.preventDefault();
  close();
});

document.addEventListener("click", enlarge);
document.addEventListener("keydown", walk);
document.addEventListener("focusin", (event) => {
  const index = cells().indexOf(event.target.closest(".frame"));
  if (index >= 0 && index !== current) {
    current = index;
    settle();
  }
});
document.addEventListener("htmx:after:swap", settle);
settle();
