/* A sign-in lasts while somebody types or points here, in any tab; once nobody does, the page
   asks the server for itself and is sent to sign in again, so that nothing stays on the screen. */
(() => {
  "use strict";
  const { idleMinutes, stillHere } = document.body.dataset;
  if (!idleMinutes || !("BroadcastChannel" in window)) return;
  const MINUTE = 60_000;
  const tabs = new BroadcastChannel("somebody-is-here");
  let seen = Date.now();
  let told = seen;

  tabs.onmessage = ({ data }) => {
    seen = told = Date.now();
    // Somebody signed out in another tab: what stands here goes once the server knows.
    if (data === "gone") setTimeout(() => location.replace(location.href), 1_500);
  };
  document.querySelector("form.sign-out")?.addEventListener("submit", () => tabs.postMessage("gone"));
  for (const sign of ["keydown", "pointerdown", "wheel"]) {
    document.addEventListener(sign, () => {
      seen = Date.now();
      if (seen - told < MINUTE) return;
      told = seen;
      tabs.postMessage("here");
      fetch(stillHere, { redirect: "manual" }).catch(() => {});
    }, { passive: true });
  }
  setInterval(() => {
    if (Date.now() - seen > (Number(idleMinutes) + 1) * MINUTE) location.replace(location.href);
  }, MINUTE / 4);
})();
