/* A page of staff goes when this device is handed over in another tab. */
(() => {
  "use strict";
  if (!("BroadcastChannel" in window)) return;
  new BroadcastChannel("device").onmessage = () => location.replace("about:blank");
})();
