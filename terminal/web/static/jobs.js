// The counts of a page that stands open are read again while there is work, and the page is in view.
"use strict";

const progress = document.getElementById("progress");
const EVERY = 4000; // milliseconds

async function look() {
  if (document.visibilityState === "visible") {
    try {
      const answer = await fetch("/jobs?part=progress");
      if (answer.ok) {
        const parsed = new DOMParser().parseFromString(await answer.text(), "text/html");
        progress.replaceChildren(...[...parsed.body.childNodes].map((node) => document.adoptNode(node)));
      }
    } catch {
      // the server is away for a moment: the next look says
    }
  }
}

if (progress.dataset.open !== "0") setInterval(look, EVERY);
