// What the pages do by themselves. Without this they work by reloading.

const prompt = document.querySelector("textarea[name=prompt]");

if (prompt) submitOnEnter(prompt);

function submitOnEnter(field) {
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    field.form.requestSubmit();
  });
}
