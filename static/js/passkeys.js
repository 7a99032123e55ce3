/* Hands forms that say data-passkey to django-allauth's scripts; shows them only where the
   browser knows passkeys, and says in words when one did not work. */
(() => {
  const areKnown = window.isSecureContext && "PublicKeyCredential" in window;
  for (const part of document.querySelectorAll("[data-passkey]")) part.hidden = !areKnown;
  for (const part of document.querySelectorAll("[data-lacks-passkeys]")) part.hidden = areKnown;

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const what = form.dataset.passkey; // login, authenticate or add
    window.allauth.webauthn.forms[`${what}Form`]({
      ids: {
        [what]: form.querySelector("button").id,
        credential: form.elements.credential.id,
        passwordless: form.elements.passwordless?.id,
        data: "passkey-options",
      },
    });
  }

  document.addEventListener("allauth.error", (event) => {
    event.preventDefault();
    const failed = document.getElementById("passkey-failed");
    failed.hidden = false;
    failed.focus();
  });
})();
