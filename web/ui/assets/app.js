"use strict";
// Shows what is typed into a password field, on request. It is hidden again before it is sent.
for (const button of document.querySelectorAll(".reveal")) {
  const field = document.getElementById(button.getAttribute("aria-controls"));
  const show = (on) => {
    field.type = on ? "text" : "password";
    button.setAttribute("aria-pressed", on);
  };
  button.hidden = false;
  button.addEventListener("click", () => show(field.type === "password"));
  field.form?.addEventListener("submit", () => show(false));
}
// Says that a form is on its way, and sends it once.
addEventListener("submit", (event) => {
  const { target: form, submitter: button } = event;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.ariaBusy) {
    event.preventDefault();
    return;
  }
  form.ariaBusy = true;
  const text = button?.textContent;
  const working = setTimeout(() => {
    if (!button) return;
    button.style.width = button.offsetWidth + "px";
    button.textContent = document.body.dataset.working;
    button.ariaBusy = true;
  }, 300);
  const again = () => {
    clearTimeout(working);
    form.ariaBusy = null;
    if (button) [button.textContent, button.ariaBusy, button.style.width] = [text, null, ""];
  };
  addEventListener("pageshow", (shown) => shown.persisted && again(), { once: true });
  setTimeout(again, 10000); // what was answered with a download leaves the page
});
// A page that asks for a decision does not take a click that was meant for the page before.
for (const form of document.querySelectorAll("form[data-settle]")) {
  form.addEventListener("click", (event) => form.hasAttribute("data-settle") && event.preventDefault());
  setTimeout(() => form.removeAttribute("data-settle"), 500);
}
