/* A sheet: the button that prints it, and typing one in without the mouse. */
(() => {
  "use strict";
  const button = document.querySelector("button.print");
  if (button) {
    button.hidden = false;
    button.onclick = () => print();
  }
  const places = [...document.querySelectorAll("input.mm")];
  places.forEach((place, number) => {
    const line = document.getElementById("id_line");
    const shown = place.closest(".typed").querySelector("meter");
    const draw = () => {
      shown.max = Number(line.value) || 100;
      shown.value = Number(place.value) || 0;
      shown.classList.toggle("empty", place.value === "");
    };
    place.addEventListener("input", draw);
    line.addEventListener("input", draw);
    place.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      (places[number + 1] || document.getElementById("id_comment") || place.form.elements.save).focus();
    });
    draw();
  });
})();
