const b = document.getElementById("print"); b.hidden = false; b.addEventListener("click", () => print());
