/* "/" goes to the search; what is typed there narrows the rows that are shown, Escape shows all. */
(() => {
  "use strict";
  const field = document.querySelector('input[name="code"]');
  const rows = [...document.querySelectorAll("#list tbody tr")];
  const found = document.getElementById("found");
  if (!field || !found) return;

  const narrow = () => {
    const wanted = field.value.trim().toLowerCase();
    const shown = rows.filter((row) => {
      row.hidden = !row.querySelector("th a").textContent.toLowerCase().includes(wanted);
      return !row.hidden;
    });
    found.textContent = shown.length === 1 ? found.dataset.one : found.dataset.many.replace("#", shown.length);
  };

  field.addEventListener("input", narrow);
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    field.value = "";
    narrow();
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, [contenteditable]");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    field.focus();
    field.select();
  });
})();
