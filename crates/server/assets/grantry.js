// Conveniences only: every page works without this file.
"use strict";

// The page's language has the words; this table is all that the script says itself.
const words = {
  en: { copy: "Copy", copied: "Copied", failed: "Select and copy by hand", decoded: "decoded, not verified" },
};
const say = words[document.documentElement.lang] || words.en;

// A copy button on every block of code.
for (const block of document.querySelectorAll("pre.code")) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "copy";
  const label = (word) => {
    button.textContent = word;
    button.setAttribute("aria-label", `${word}: ${block.getAttribute("aria-label")}`);
  };
  label(say.copy);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(block.textContent);
      label(say.copied);
    } catch {
      label(say.failed);
    }
    setTimeout(() => label(say.copy), 2000);
  });
  const frame = document.createElement("div");
  frame.className = `code-frame ${block.classList[1] || ""}`;
  block.replaceWith(frame);
  frame.append(block, button);
}

// A language chosen for one request is chosen for all, and remembered.
const remembered = "grantry-request-form";
const choose = (value, except) => {
  for (const radio of document.querySelectorAll(`.tabs input[value="${CSS.escape(value)}"]`)) {
    if (radio !== except) radio.checked = true;
  }
};
document.addEventListener("change", (event) => {
  const radio = event.target;
  if (!radio.matches(".tabs input")) return;
  const before = radio.getBoundingClientRect().top;
  choose(radio.value, radio);
  window.scrollBy(0, radio.getBoundingClientRect().top - before);
  try { localStorage.setItem(remembered, radio.value); } catch { /* not remembered, then */ }
});
try {
  const value = localStorage.getItem(remembered);
  if (value) choose(value);
} catch { /* nothing was remembered */ }

// The section being read is marked in the table of contents.
const links = new Map([...document.querySelectorAll(".toc a")].map((link) => [link.hash.slice(1), link]));
if (links.size > 0) {
  const seen = new Set();
  const watcher = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) seen.add(target.id); else seen.delete(target.id);
    }
    const first = [...links.keys()].find((id) => seen.has(id));
    for (const [id, link] of links) {
      if (id === first) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current");
    }
  }, { rootMargin: "-10% 0px -60% 0px" });
  for (const id of links.keys()) {
    const section = document.getElementById(id);
    if (section) watcher.observe(section);
  }
}

// The claims of a signed JWT; nothing for any other text.
const claims = (text) => {
  try {
    const [, payload, , ...more] = text.split(".");
    if (more.length > 0) return null;
    const bytes = Uint8Array.from(atob(payload.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
    return JSON.stringify(JSON.parse(new TextDecoder().decode(bytes)), null, 2);
  } catch {
    return null;
  }
};

// The callback of the docs page: what came in the fragment, then the fragment is taken out of the address.
const fields = document.getElementById("fragment-fields");
if (fields && location.hash.length > 1) {
  const show = (name, value, kind) => {
    const term = document.createElement("dt");
    const code = document.createElement("code");
    const description = document.createElement("dd");
    term.textContent = name;
    code.textContent = value;
    if (kind) code.className = kind;
    description.append(code);
    fields.append(term, description);
  };
  const received = new URLSearchParams(location.hash.slice(1));
  for (const [name, value] of received) {
    show(name, value);
    const says = claims(value);
    if (says) show(`${name}, ${say.decoded}`, says, "lines");
  }
  const verify = document.getElementById("fragment-verify");
  for (const name of ["id_token", "access_token", "code"]) {
    verify.querySelector(`input[name=${name}]`).value = received.get(name) ?? "";
  }
  verify.hidden = !received.get("id_token");
  fields.hidden = false;
  document.getElementById("fragment-note").hidden = false;
  document.getElementById("fragment-empty").hidden = true;
  history.replaceState(null, "", location.pathname);
}

// An answer that is posted to an app goes by itself. The form's own method, because a field may be called "submit".
const answer = document.querySelector("form[data-submits-itself]");
if (answer) HTMLFormElement.prototype.submit.call(answer);

// After signing out: on to the app when the frames that tell other apps have loaded, or have had their time.
const next = document.querySelector("a[data-goes-by-itself]");
if (next) {
  const go = () => location.replace(next.href);
  if (document.readyState === "complete") go(); else addEventListener("load", go);
  setTimeout(go, 3000);
}
