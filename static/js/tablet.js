/* On a paired tablet: it asks every few seconds what there is to show, and nothing of a
   client's stays in sight for longer than it must. It leaves a page only once the server has
   answered, so that a tablet without network does not end on the browser's own error. */
(() => {
  "use strict";
  const EVERY = 2_500;
  const IDLE = 5 * 60_000;
  const place = document.getElementById("tablet");
  const clear = document.getElementById("clear");
  const { page, waiting } = place.dataset;
  let { which } = place.dataset;
  let isLeaving = false;

  // A browser may keep a page for the way back in spite of no-store, answers and all.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  if ("BroadcastChannel" in window) new BroadcastChannel("device").postMessage("a tablet");

  const look = async () => {
    let again = false;
    try {
      const answer = await fetch(waiting, { cache: "no-store", redirect: "manual" });
      if (answer.status === 200) again = (await answer.json()).which !== which;
      // It was revoked: there is no such address any more.
      else again = answer.status === 404;
    } catch {
      // The network comes back.
    }
    if (isLeaving) return;
    if (again) {
      empty();
      location.replace(location.pathname);
    } else setTimeout(look, EVERY);
  };

  function empty() {
    which = null; // Whatever the server says now is something else.
    document.title = "\u00a0";
    for (const part of document.querySelectorAll("main, footer, .staff, .demo-banner")) part.remove();
  }

  async function close() {
    const sent = new FormData(clear);
    isLeaving = true;
    empty();
    try {
      await fetch(clear.action, { method: "POST", body: sent, redirect: "manual" });
    } catch {
      // It ends by itself on the server.
    }
    isLeaving = false;
    look();
  }

  if (page === "thanks") {
    setTimeout(close, Number(place.dataset.seconds) * 1000);
    return;
  }
  look();
  if (page === "blank") return;

  let idle;
  const stay = () => {
    clearTimeout(idle);
    idle = setTimeout(close, IDLE);
  };
  for (const sign of ["input", "keydown", "pointerdown", "scroll"]) {
    document.addEventListener(sign, stay, { passive: true });
  }
  stay();
  setTimeout(empty, Number(place.dataset.seconds) * 1000);
  document.addEventListener("submit", () => {
    isLeaving = true;
  });
})();
