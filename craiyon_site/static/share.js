// Gives a grid's link away: by what the phone offers, or by the clipboard.

const root = document.documentElement;
root.classList.toggle("can-share", Boolean(navigator.share));
root.classList.toggle("can-copy", Boolean(navigator.clipboard));

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-share], [data-copy]");
  if (!button) return;
  const { share, title, copy, done } = button.dataset;
  if (copy) {
    await navigator.clipboard.writeText(copy);
    const said = button.textContent;
    button.textContent = done;
    setTimeout(() => (button.textContent = said), 2_000);
    return;
  }
  try {
    await navigator.share({ title, url: share });
  } catch (error) {
    if (error.name !== "AbortError") throw error; // they changed their mind
  }
});
