/* The client's form: a line instead of buttons, and nothing lost on the way.

   A line has no handle until it is answered. A touch that becomes a scroll of the page is taken
   back: the browser moves the value all the same, and only pointercancel tells. A tap on the very
   middle changes no value, so it is pointerup that answers. */
(() => {
  "use strict";
  const form = document.getElementById("form");
  const words = form.dataset;
  const named = (name) => form.elements.namedItem(name);
  const opened = performance.now();
  const toggle = document.getElementById("switch");
  const lines = [];

  function speak(line) {
    const value = Number(line.range.value);
    let said = words.nothing;
    if (line.answered) {
      const [low, high] = line.ends;
      if (value === 0) said = low;
      else if (value === 100) said = high;
      else if (value > 45 && value < 55) said = words.middle;
      else said = words.nearer.replace("%s", value < 50 ? low : high);
    }
    line.range.setAttribute("aria-valuetext", said);
  }

  function show(line) {
    line.hidden.value = line.answered ? line.range.value : "";
    line.range.classList.toggle("blank", !line.answered);
    line.state.hidden = line.answered || !isLine();
    speak(line);
    offer(line.fieldset);
  }

  function answer(line) {
    line.answered = true;
    for (const radio of line.radios) radio.checked = false;
    line.hidden.disabled = false;
    show(line);
  }

  function blank(line) {
    line.answered = false;
    line.range.value = 50;
    show(line);
  }

  // “Clear” is there once there is something to clear.
  function offer(fieldset) {
    const clear = fieldset.querySelector(".clear");
    if (!clear) return;
    const line = lines.find((one) => one.fieldset === fieldset);
    const marked = fieldset.querySelector("input[type=radio]:checked");
    clear.hidden = !(marked && marked.value !== "") && !(line && line.answered && isLine());
  }

  function isLine() {
    return named("mode").value === "line";
  }

  for (const fieldset of form.querySelectorAll("fieldset")) {
    const place = fieldset.querySelector(".line");
    if (!place) continue;
    const [range, hidden] = place.querySelectorAll("input");
    const ends = fieldset.querySelectorAll(".ends span");
    const line = {
      fieldset, place, range, hidden,
      marks: fieldset.querySelector(".marks"),
      state: fieldset.querySelector(".ends em"),
      radios: [...fieldset.querySelectorAll("input[type=radio]")],
      ends: [...ends].map((end) => end.textContent),
      answered: hidden.value !== "",
    };
    lines.push(line);
    let before = null;
    range.addEventListener("pointerdown", () => {
      before = { value: range.value, answered: line.answered };
    });
    range.addEventListener("pointerup", () => {
      before = null;
      answer(line);
    });
    range.addEventListener("pointercancel", () => {
      if (!before) return;
      range.value = before.value;
      line.answered = before.answered;
      // The browser may still move it once, after this.
      const { value, answered } = before;
      requestAnimationFrame(() => {
        range.value = value;
        line.answered = answered;
        before = null;
        show(line);
      });
    });
    range.addEventListener("input", () => {
      if (!before) answer(line);
      else if (line.answered) speak(line);
      else range.classList.remove("blank"); // It follows the finger; pointerup decides.
    });
    range.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault(); // Enter would send the form.
      answer(line);
    });
  }

  function use(mode) {
    named("mode").value = mode;
    for (const line of lines) {
      line.place.hidden = mode !== "line";
      line.marks.hidden = mode === "line";
      line.hidden.disabled = mode !== "line" || line.radios.some((radio) => radio.checked);
      show(line);
    }
    toggle.textContent = mode === "line" ? toggle.dataset.buttons : toggle.dataset.line;
  }

  for (const fieldset of form.querySelectorAll("fieldset")) {
    const skip = fieldset.querySelector(".skip");
    if (skip) skip.hidden = true; // With script, “Clear” does the same.
    const line = lines.find((one) => one.fieldset === fieldset);
    fieldset.addEventListener("change", (event) => {
      if (event.target.type !== "radio") return;
      if (line && isLine()) {
        blank(line);
        line.hidden.disabled = true;
      }
      offer(fieldset);
    });
    const clear = fieldset.querySelector(".clear");
    if (!clear) continue;
    clear.addEventListener("click", () => {
      for (const radio of fieldset.querySelectorAll("input[type=radio]")) radio.checked = false;
      if (line) {
        blank(line);
        line.hidden.disabled = !isLine();
      }
      offer(fieldset);
      const next = line && isLine() ? line.range : fieldset.querySelector("input[type=radio]");
      next.focus();
    });
    offer(fieldset);
  }

  if (lines.length) {
    toggle.hidden = false;
    // Whoever was sent back with an error finds what they had chosen.
    const wasLine = named("mode").dataset.was !== "buttons";
    for (const line of lines) {
      if (wasLine && line.answered) for (const radio of line.radios) radio.checked = false;
    }
    use(wasLine ? "line" : "buttons");
    toggle.addEventListener("click", () => {
      // A mark is not carried over from one to the other: they are not the same answer.
      for (const line of lines) {
        for (const radio of line.radios) if (radio.value !== "unsaid") radio.checked = false;
        blank(line);
      }
      use(isLine() ? "buttons" : "line");
    });
  }

  // A page that comes back from the browser's memory must not show what was not answered.
  window.addEventListener("pageshow", () => {
    for (const line of lines) if (!line.answered) blank(line);
  });

  const problem = document.getElementById("problem");
  if (problem) problem.focus();
  const leave = document.getElementById("leave");
  if (leave) {
    leave.addEventListener("click", (event) => {
      event.preventDefault();
      document.title = "\u00a0";
      document.body.hidden = true;
      location.replace(leave.href);
    });
  }

  // That a person has begun, and not a program that looks at links: told once.
  const token = named("csrfmiddlewaretoken");
  const begun = () => {
    const told = new URLSearchParams({ deed: "opened" });
    if (token) told.set("csrfmiddlewaretoken", token.value);
    if (named("which")) told.set("which", named("which").value);
    fetch(location.href, { method: "POST", body: told, keepalive: true }).catch(() => {});
  };
  form.addEventListener("pointerdown", begun, { once: true });
  form.addEventListener("keydown", begun, { once: true });

  // Sending: what does not arrive stays here and is sent again, the same as before.
  const WAITS = [2_000, 5_000, 10_000, 20_000, 30_000];
  const status = document.getElementById("not-sent");
  const buttons = form.querySelectorAll(".send button");
  let isSending = false;

  function say(text) {
    status.textContent = text;
    status.hidden = !text;
  }

  function rest(milliseconds) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      window.addEventListener("online", () => { clearTimeout(timer); resolve(); }, { once: true });
    });
  }

  async function send(body) {
    for (const wait of [...WAITS, null]) {
      try {
        const patience = AbortSignal.timeout ? { signal: AbortSignal.timeout(15_000) } : {};
        const answer = await fetch(location.href, { method: "POST", body, ...patience });
        // What arrived is thanked for where it was sent; from any other page it was turned away.
        if (answer.ok && new URL(answer.url).pathname !== location.pathname) break;
        if (answer.ok) {
          location.replace(answer.url);
          return true;
        }
        if (answer.status < 500 && answer.status !== 429) return false;
      } catch {
        // No connection: the same again, in a while.
      }
      if (wait === null) break;
      say(words.waiting);
      await rest(wait);
    }
    say(words.still);
    status.focus();
    return null;
  }

  // Some browsers do not say which button it was, and skipping must never send the marks.
  let pressed = null;
  for (const button of buttons) button.addEventListener("click", () => { pressed = button; });

  form.addEventListener("submit", async (event) => {
    const button = event.submitter || pressed;
    pressed = null;
    if (isSending) {
      event.preventDefault();
      return;
    }
    named("seconds").value = Math.round((performance.now() - opened) / 1000);
    if (isLine()) named("line_px").value = Math.max(0, lines[0].range.clientWidth - 34);
    event.preventDefault();
    isSending = true;
    for (const one of buttons) one.setAttribute("aria-disabled", "true");
    const body = new URLSearchParams(new FormData(form));
    if (button && button.name) body.set(button.name, button.value);
    const sent = await send(body);
    if (sent) return;
    isSending = false;
    for (const one of buttons) one.removeAttribute("aria-disabled");
    // The server has something to say: let it answer with its own page.
    if (sent === false) {
      if (button && button.name) {
        const deed = document.createElement("input");
        Object.assign(deed, { type: "hidden", name: button.name, value: button.value });
        form.append(deed);
      }
      form.submit();
    }
  });
})();
