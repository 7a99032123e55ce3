/* On a device that was handed over: pages of staff in other tabs are told to go, and
   nothing of the client's stays in sight for longer than it must. */
(() => {
  "use strict";
  const place = document.getElementById("hand-over");

  // Chrome may keep a page for the way back in spite of no-store, answers and all.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });

  if ("BroadcastChannel" in window) new BroadcastChannel("device").postMessage("handed over");

  setTimeout(() => {
    document.title = "\u00a0";
    for (const part of document.querySelectorAll("main, footer, .demo-banner")) part.remove();
    if (place.dataset.isSent === "no") location.reload();
  }, Number(place.dataset.seconds) * 1000);
})();
