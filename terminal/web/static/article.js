// Pointing at a claim lights up all the words of the article that it rests on.
"use strict";

const marks = [...document.querySelectorAll("mark[data-claims]")];

function light(number) {
  let first = null;
  for (const mark of marks) {
    const on = number !== null && mark.dataset.claims.split(" ").includes(number);
    mark.classList.toggle("on", on);
    if (on) first ??= mark;
  }
  return first;
}

for (const claim of document.querySelectorAll("[data-claim]")) {
  claim.addEventListener("mouseenter", () => light(claim.dataset.claim));
  claim.addEventListener("mouseleave", () => light(null));
  claim.addEventListener("click", (event) => {
    if (event.target.closest("a")) return;
    light(claim.dataset.claim)?.scrollIntoView({ block: "nearest" });
  });
}
