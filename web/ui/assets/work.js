"use strict";
// Does the work that a form asks for before it is sent: finds a text whose hash begins with zero bits.
(() => {
  const form = document.querySelector("form[data-work]");
  const button = form.querySelector("#submit");
  const failed = document.getElementById("work-failed");
  const zeros = (hash) => Math.clz32(new DataView(hash).getUint32(0)); // at most 32 are asked for

  async function solve({ challenge, bits }) {
    const encoder = new TextEncoder();
    for (let next = 0; ; next += 256) { // the page stays alive between these
      const tries = Array.from({ length: 256 }, (_, i) => challenge + "." + (next + i));
      const hashes = await Promise.all(tries.map((text) => crypto.subtle.digest("SHA-256", encoder.encode(text))));
      const found = hashes.findIndex((hash) => zeros(hash) >= bits);
      if (found >= 0) return tries[found];
    }
  }

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.ariaBusy) return;
    form.ariaBusy = true;
    failed.hidden = true;
    const text = button.textContent;
    button.textContent = document.body.dataset.working;
    try {
      const body = new URLSearchParams({ form_token: form.elements.form_token.value });
      const answer = await fetch(form.dataset.work, { method: "POST", body });
      if (!answer.ok) throw new Error(answer.status);
      form.elements.work.value = await solve(await answer.json());
      HTMLFormElement.prototype.submit.call(form); // a button may have its name
    } catch {
      failed.hidden = false;
      form.ariaBusy = null;
      button.textContent = text;
    }
  });
})();
