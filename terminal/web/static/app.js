// What every page has: keys, the choice of light or dark, and news that arrives while one reads. All of it works on top of pages that
// are whole without it.
"use strict";

const themeButton = document.getElementById("theme");
const keysDialog = document.getElementById("keys");
const search = document.getElementById("search");

/** Says something to whoever listens instead of looking. */
function say(text) {
  document.getElementById("said").textContent = text;
}

function isDark() {
  const chosen = document.documentElement.dataset.theme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

function nameTheme() {
  themeButton.textContent = isDark() ? "Light" : "Dark";
}

themeButton.hidden = false;
themeButton.addEventListener("click", () => {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  document.cookie = `rhyme_theme=${theme}; Path=/; Max-Age=31536000; SameSite=Strict`;
  nameTheme();
  document.dispatchEvent(new CustomEvent("rhyme:theme", { detail: theme }));
});
nameTheme();

const keysButton = document.getElementById("show-keys");
keysButton.hidden = false;
keysButton.addEventListener("click", () => keysDialog.showModal());

/** The things `j` and `k` go through: each has a link that Enter opens. */
function steps() {
  return [...document.querySelectorAll("[data-step]")].map((item) => item.querySelector("a") ?? item);
}

function move(by) {
  const links = steps();
  if (links.length === 0) return;
  const at = links.indexOf(document.activeElement);
  const next = links[Math.min(links.length - 1, Math.max(0, at < 0 ? 0 : at + by))];
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

function goTo(key) {
  const link = document.querySelector(`.top nav a[data-key="${CSS.escape(key)}"]`);
  if (link) link.click();
}

function isTyping(target) {
  return target.closest("input, textarea, select, [contenteditable]") !== null;
}

let leading = -Infinity; // when `g` was pressed, in milliseconds
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && document.activeElement === search) search.blur();
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || keysDialog.open) return;
  const follows = performance.now() - leading < 1500;
  leading = -Infinity;
  if (follows) {
    goTo(event.key);
  } else if (event.key === "/") {
    search.focus();
    search.select();
  } else if (event.key === "?") {
    keysDialog.showModal();
  } else if (event.key === "g") {
    leading = performance.now();
  } else if (event.key === "j" || event.key === "k") {
    move(event.key === "j" ? 1 : -1);
  } else {
    return;
  }
  event.preventDefault();
});

/** A table that is wider than the window is scrolled with the arrow keys once it has the focus. */
function reachTables() {
  for (const table of document.querySelectorAll(".table")) {
    if (table.scrollWidth <= table.clientWidth) {
      table.removeAttribute("tabindex");
      continue;
    }
    table.tabIndex = 0;
    table.setAttribute("role", "group");
    table.setAttribute("aria-label", table.querySelector("caption")?.textContent ?? "Table");
  }
}

reachTables();
addEventListener("resize", reachTables);
