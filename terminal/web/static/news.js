// New analyses arrive at the top of the list while one reads. The event stream only says that there is something; the rows are the
// server's own, for the filters in force.
"use strict";

const list = document.getElementById("news");
const live = document.getElementById("live");
const GATHER_MILLISECONDS = 300; // analyses come in bursts

let waiting = null;

/** Puts the rows that are not there yet in front and says so. */
async function bringRows() {
  waiting = null;
  const asked = new URLSearchParams(location.search);
  asked.set("part", "rows");
  const answer = await fetch(`/?${asked}`, { headers: { Accept: "text/html" } });
  if (!answer.ok) return;
  const given = new DOMParser().parseFromString(await answer.text(), "text/html");
  const known = new Set([...list.children].map((row) => row.dataset.id));
  const fresh = [...given.querySelectorAll("li[data-id]")].filter((row) => !known.has(row.dataset.id));
  if (fresh.length === 0) return;
  for (const row of fresh) row.classList.add("fresh");
  list.prepend(...fresh.map((row) => document.importNode(row, true)));
  document.querySelector(".empty")?.remove();
  const headline = fresh[0].querySelector("h3").textContent.trim();
  say(fresh.length === 1 ? `New: ${headline}` : `${fresh.length} new analyses, the newest: ${headline}`);
}

if (list.dataset.live === "yes" && "EventSource" in window) {
  const stream = new EventSource("/api/v1/stream");
  stream.onopen = () => {
    live.hidden = false;
  };
  stream.onerror = () => {
    live.hidden = true; // the browser connects again by itself, from the last id
  };
  const something = () => {
    waiting ??= setTimeout(bringRows, GATHER_MILLISECONDS);
  };
  stream.addEventListener("analysis", something);
  stream.addEventListener("reset", something); // too much came at once to be told one by one
}
