// Starts the call widget when the visitor reaches for it. Until then nothing is fetched, and the button is a link to
// the ways of reaching people. An early click is held back and given again once the widget stands.
const islands = [...document.querySelectorAll("leptos-island")];
const note = document.getElementById("call-note");
const once = { capture: true };
let starting, held, tries = 0;

const start = () => starting ??= (async () => {
  islands.forEach((island) => island.setAttribute("aria-busy", "true"));
  note.hidden = true;
  const link = Object.assign(document.createElement("link"), { rel: "modulepreload", href: "/pkg/livekit-client.js" });
  document.head.append(link);
  const wasm = fetch("/pkg/frontdesk_bg.wasm");
  wasm.catch(() => {});
  // A failed import is remembered under its address by some browsers.
  const widget = await import("/pkg/frontdesk.js" + (tries++ ? "?" + tries : ""));
  await widget.default({ module_or_path: wasm });
  widget.hydrate();
  for (const island of islands) await widget[island.dataset.component](island);
  islands.forEach((island) => island.removeEventListener("click", hold, once));
  // The widget may have replaced what was clicked.
  if (held) (held.isConnected ? held : document.getElementById("call")).click();
})().catch((error) => {
  console.error(error);
  starting = undefined;
  note.hidden = false;
}).finally(() => {
  held = undefined;
  islands.forEach((island) => island.removeAttribute("aria-busy"));
});

const hold = (event) => {
  if (event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  event.stopPropagation();
  held = event.target.closest("a, button");
  start();
};

for (const island of islands) {
  for (const reach of ["pointerenter", "focusin", "touchstart"]) {
    island.addEventListener(reach, start, { once: true, passive: true });
  }
  island.addEventListener("click", hold, once);
}
// Links elsewhere on the page that open the panel too.
document.addEventListener("click", (event) => {
  if (!event.target.closest?.("[data-call]") || !islands.length) return;
  event.preventDefault();
  document.getElementById("call").click();
});
// A call that outlived a reload is offered at once.
try {
  if (islands.length && sessionStorage.getItem("frontdesk.call")) start();
} catch {
  // Where storage is forbidden there is no such call.
}
