"use strict";
// Signs in with a passkey, or makes one. Its form needs a script, so it shows it.
(() => {
  const form = document.getElementById("passkey");
  if (!form || !window.PublicKeyCredential) return;
  const failed = document.getElementById("passkey-failed");
  const create = form.dataset.passkey === "create";
  const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  let waiting;

  async function options() {
    const body = new URLSearchParams({ form_token: form.elements.form_token.value });
    const answer = await fetch(form.dataset.options, { method: "POST", body });
    if (answer.redirected) {
      location.reload(); // who it is has to be proven again first
      return new Promise(() => {});
    }
    if (!answer.ok) throw new Error(answer.status);
    const publicKey = await answer.json();
    publicKey.challenge = bytes(publicKey.challenge);
    if (publicKey.user) publicKey.user.id = bytes(publicKey.user.id);
    for (const known of publicKey.excludeCredentials ?? []) known.id = bytes(known.id);
    return publicKey;
  }

  function encoded(credential) {
    const response = {};
    for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (credential.response[name]) response[name] = text(credential.response[name]);
    }
    if (create) response.transports = credential.response.getTransports?.() ?? [];
    const { id, type, authenticatorAttachment } = credential;
    return JSON.stringify({ id, rawId: text(credential.rawId), type, authenticatorAttachment, response, clientExtensionResults: {} });
  }

  async function run(mediation) {
    waiting?.abort();
    const { signal } = (waiting = new AbortController());
    try {
      const publicKey = await options();
      if (signal.aborted) return;
      if (mediation) setTimeout(() => signal.aborted || run(mediation), 240000); // a challenge lasts five minutes
      const credential = await navigator.credentials[create ? "create" : "get"]({ publicKey, signal, mediation });
      const remember = document.getElementById("remember");
      if (remember?.checked) form.elements.remember.value = "1";
      form.elements.credential.value = encoded(credential);
      HTMLFormElement.prototype.submit.call(form); // a button may have its name
    } catch (error) {
      failed.hidden = ["NotAllowedError", "AbortError"].includes(error.name); // the person changed their mind
    }
  }

  form.hidden = false;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    failed.hidden = true;
    run();
  });
  const refused = document.getElementById("summary"); // the same would come again
  const offer = document.getElementById("offer"); // whether this device can have one
  if (offer) PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable?.().then((can) => can && (offer.value = "1"));
  if ("wait" in form.dataset && !refused) PublicKeyCredential.isConditionalMediationAvailable?.().then((there) => there && run("conditional"));
})();
