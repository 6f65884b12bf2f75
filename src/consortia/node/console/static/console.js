// Keeps a page fresh: when a block comes, the page is fetched anew and its middle replaced.
// Nothing here is needed to read the console.

if (location.pathname === "/console/enter") history.replaceState(null, "", "/console"); // no ticket in history

const bar = document.querySelector("nav ul"), here = bar?.querySelector("[aria-current]"); // narrow, it scrolls
if (here) bar.scrollLeft = here.offsetLeft - bar.offsetLeft;

const height = document.getElementById("height");
const pulse = document.getElementById("pulse");
let waiting = null;

function busy(main) {
  const active = document.activeElement;
  return document.hidden || (active && main.contains(active) && active.matches("input, button")) ||
    !window.getSelection().isCollapsed;
}

async function refresh() {
  waiting = null;
  const main = document.getElementById("main");
  if (!main || !("live" in main.dataset)) return;
  if (busy(main)) { later(2000); return; }
  const answer = await fetch(location.href, { headers: { accept: "text/html" } });
  if (!answer.ok) { pulse.textContent = "the node does not answer"; return; }
  const next = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
  const open = [...main.querySelectorAll("details")].map((one) => one.open);
  next.querySelectorAll("details").forEach((one, at) => { one.open = open[at] ?? false; });
  const focused = [...main.querySelectorAll("a, summary, [tabindex]")].indexOf(document.activeElement);
  main.replaceChildren(...next.childNodes);
  if (focused >= 0) main.querySelectorAll("a, summary, [tabindex]")[focused]?.focus({ preventScroll: true });
}

function later(milliseconds) {
  if (waiting === null) waiting = setTimeout(refresh, milliseconds);
}

function listen() {
  const events = new EventSource("/v1/stream?brief=true");
  events.addEventListener("block", (event) => {
    height.textContent = event.lastEventId;
    pulse.textContent = "live";
    later(400);
  });
  events.addEventListener("open", () => { pulse.textContent = "live"; });
  events.addEventListener("error", () => { pulse.textContent = "the node does not answer"; });
  // A browser has six connections to a place: a page that is left behind keeps none.
  window.addEventListener("pagehide", () => events.close(), { once: true });
}

if (height && pulse) {
  listen();
  window.addEventListener("pageshow", (event) => { if (event.persisted) { listen(); later(0); } });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) later(0); });
}
