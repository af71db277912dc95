// Older grids come by themselves near the end of the page. The link to them is a real one: without
// this, or where a fetch fails, it leads to a page of them.

const leaves = document.getElementById("leaves");
const older = document.getElementById("older");

if (leaves && older) watch();

function watch() {
  const link = older.querySelector("a[rel=next]");
  if (!link) return;
  const near = new IntersectionObserver(
    (seen) => {
      if (!seen.some((entry) => entry.isIntersecting)) return;
      near.disconnect();
      fetchOlder(link);
    },
    { rootMargin: "600px" },
  );
  near.observe(link);
}

async function fetchOlder(link) {
  const shown = [...older.childNodes];
  older.textContent = older.dataset.loading;
  let page;
  try {
    const answer = await fetch(link.href, { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.statusText);
    page = new DOMParser().parseFromString(await answer.text(), "text/html");
  } catch {
    older.replaceChildren(...shown); // the link still leads there
    return;
  }
  const next = page.querySelector("#older a[rel=next]");
  leaves.append(...page.querySelectorAll("#leaves > li"));
  older.replaceChildren(...(next ? [next] : []));
  watch();
}
