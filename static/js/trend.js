// Plotly takes over from the drawing in the page: same box, same places, plus hover.
"use strict";

(() => {
  const box = document.getElementById("trend");
  const drawing = document.getElementById("trend-svg");
  const told = document.getElementById("trend-figure");
  if (!box || !told || !window.Plotly) return;

  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  // The figure comes in the colours of light ground; the stylesheet knows the right ones.
  function figure() {
    const { data, layout } = JSON.parse(told.textContent);
    for (const trace of data) {
      if (trace.fill) continue; // Grey areas, the same on either ground.
      if (trace.line) trace.line.color = colour(trace.meta);
      if (!trace.marker) continue;
      const isOpen = trace.meta !== "sign" && !trace.line;
      trace.marker.color = colour(trace.meta === "sign" ? "ink" : isOpen ? "edge" : trace.meta);
    }
    layout.annotations.forEach((note, place) => {
      note.font.color = colour(["total", "trust", "goals", "collaboration"][place]);
    });
    for (const key of Object.keys(layout)) {
      if (key.startsWith("yaxis")) layout[key].gridcolor = colour("grid");
    }
    for (const line of layout.shapes) line.line.color = colour("grid");
    layout.font.color = colour("soft");
    layout.font.family = getComputedStyle(document.body).fontFamily;
    layout.hoverlabel = { bgcolor: colour("card"), bordercolor: colour("edge"), font: { color: colour("ink") } };
    return { data, layout };
  }

  // A chart must not catch the page's scroll on a phone.
  const config = { displayModeBar: false, scrollZoom: false, doubleClick: false, responsive: true };
  const stage = document.createElement("div");
  stage.setAttribute("aria-hidden", "true"); // The drawing keeps the words for screen readers.

  function draw() {
    const { data, layout } = figure();
    return window.Plotly.react(stage, data, layout, config);
  }

  box.append(stage);
  draw().then(() => {
    drawing.classList.add("taken-over");
    box.dataset.ready = "plotly";
  });
  dark.addEventListener("change", draw);
})();
