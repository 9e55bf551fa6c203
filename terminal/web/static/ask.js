// The answer as it is written: the form's own post, read as events. Without this file the same form waits for the whole answer.
"use strict";

const form = document.getElementById("ask");
const turns = document.getElementById("turns");
const question = document.getElementById("question");
const sendButton = document.getElementById("send");
const stopButton = document.getElementById("stop");
const hint = document.getElementById("hint");
const HINT = hint.textContent;

let underWay = null; // { id, draft, lookups, text, abort }

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A place for the answer while it is written. */
function begin(asked) {
  document.getElementById("tries")?.remove();
  document.getElementById("last")?.removeAttribute("id");
  const turn = element("article", "turn");
  turn.id = "last";
  const said = element("div", "said");
  const lookups = element("ul", "lookups");
  const draft = element("p", "answer draft");
  said.append(element("h2", "", asked), lookups, draft);
  turn.append(said);
  turns.append(turn);
  return { id: null, turn, said, lookups, draft, text: "", ended: false, abort: new AbortController() };
}

function busy(is) {
  sendButton.disabled = is;
  stopButton.hidden = !is;
  stopButton.disabled = false;
  hint.textContent = is ? "The draft is not checked yet; Esc stops it." : HINT;
}

/** What was written stays, with the word that it is not the answer. */
function leave(current, why) {
  current.ended = true;
  const kept = current.text.trim() ? " What had been written stands above, unchecked." : "";
  current.said.append(element("p", "note", `${why}${kept}`));
  say(why);
}

const hears = {
  begun(current, data) {
    current.id = data.id;
  },
  text(current, data) {
    current.text += data.text;
    current.draft.textContent = current.text;
  },
  again(current) {
    current.text = "";
    current.draft.textContent = "";
  },
  looking(current, data) {
    hears.again(current); // what was written before a lookup was no answer
    current.lookups.append(element("li", "", `${data.tool.replaceAll("_", " ")} (${data.asked || "everything"}) …`));
  },
  found(current, data) {
    const line = current.lookups.lastElementChild;
    const words = { found: `${data.count} found`, nothing_found: "nothing found", unavailable: "not available" };
    if (line) line.textContent = line.textContent.replace(/…$/, `– ${words[data.status] ?? data.status}`);
  },
  answer(current, data) {
    current.ended = true;
    const parsed = new DOMParser().parseFromString(data.html, "text/html").querySelector("article");
    const turn = document.adoptNode(parsed);
    current.turn.replaceWith(turn);
    say(`The answer: ${turn.querySelector(".answer").textContent.replace(/\s+/g, " ").trim()}`);
    turn.scrollIntoView({ block: "nearest" });
  },
  stopped(current) {
    leave(current, "Stopped.");
  },
  failed(current, data) {
    leave(current, data.message);
  },
};

/** Reads `event:` and `data:` lines, which may come in pieces of any size. */
async function read(response, current) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    waiting += value;
    const events = waiting.split("\n\n");
    waiting = events.pop();
    for (const event of events) {
      const name = /^event: (.*)$/m.exec(event)?.[1];
      const data = /^data: (.*)$/m.exec(event)?.[1];
      if (name && data) hears[name]?.(current, JSON.parse(data));
    }
  }
}

async function ask(event) {
  event.preventDefault();
  if (underWay || !question.value.trim()) return;
  const body = new URLSearchParams(new FormData(form));
  const current = begin(question.value.trim());
  underWay = current;
  busy(true);
  try {
    const response = await fetch("/ask/stream", { method: "POST", body, signal: current.abort.signal });
    if (!response.ok || !response.body) throw new Error(`The server answered ${response.status}. Load the page again.`);
    question.value = "";
    await read(response, current);
    if (!current.ended) leave(current, "The connection ended before the answer had.");
  } catch (error) {
    if (!current.ended) leave(current, error instanceof TypeError ? "The server cannot be reached." : error.message);
  }
  underWay = null;
  busy(false);
  question.focus({ preventScroll: true });
}

async function stop() {
  if (!underWay) return;
  stopButton.disabled = true;
  const current = underWay;
  const body = new URLSearchParams(new FormData(form));
  body.set("asked", current.id ?? "");
  body.delete("question");
  try {
    if (current.id === null) throw new Error("not begun");
    await fetch("/ask/stop", { method: "POST", body });
  } catch {
    leave(current, "Stopped.");
    current.abort.abort();
  }
}

form.addEventListener("submit", ask);
stopButton.addEventListener("click", stop);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && underWay) stop();
});
question.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    form.requestSubmit();
  }
});
