// Solves the challenge that a form carries, while its fields are being filled in.
// Without this a form says how long to wait instead.

const TOGETHER = 16;

for (const field of document.querySelectorAll("input[name=proof]")) prove(field);

function prove(field) {
  if (!globalThis.crypto?.subtle || !field.dataset.challenge) return;
  field.value = ""; // what a browser kept of an earlier page is used up
  const challenge = JSON.parse(field.dataset.challenge);
  const solving = solve(challenge.parameters).then((solution) => {
    field.value = btoa(JSON.stringify({ challenge, solution }));
  });
  let held = false;
  field.form.addEventListener("submit", (event) => {
    if (field.value) return;
    event.preventDefault();
    if (held) return;
    held = true;
    const pressed = event.submitter;
    // Whether it worked or not, the form goes out: the server says what is lacking.
    solving.catch(() => {}).finally(() => {
      held = false;
      field.value ||= "-";
      field.form.requestSubmit(pressed);
    });
  });
}

async function solve({ nonce, salt, cost, keyLength, keyPrefix }) {
  const rules = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations: cost };
  const tried = async (counter) => {
    const password = new Uint8Array([...bytes(nonce), ...four(counter)]);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const derived = await crypto.subtle.deriveBits(rules, key, 8 * keyLength);
    return { counter, derivedKey: hex(new Uint8Array(derived)) };
  };
  for (let first = 0; ; first += TOGETHER) {
    const round = Array.from({ length: TOGETHER }, (_, place) => tried(first + place));
    const found = (await Promise.all(round)).find((one) => one.derivedKey.startsWith(keyPrefix));
    if (found) return found;
  }
}

function bytes(text) {
  return Uint8Array.from(text.match(/../g), (pair) => parseInt(pair, 16));
}

function hex(array) {
  return Array.from(array, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function four(counter) {
  return [counter >>> 24, (counter >>> 16) & 255, (counter >>> 8) & 255, counter & 255];
}
