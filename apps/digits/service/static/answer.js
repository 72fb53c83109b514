// What the model answers, shown and spoken.
const QUIET = 700; // milliseconds without a new answer before it is read aloud

export const element = (id) => document.getElementById(id);
const seen = element("seen");
let speaking = 0;

// Sends a picture and shows the answer; returns after how many seconds to try again, or 0.
export async function send(picture) {
  const form = new FormData();
  form.append("image", picture, "drawing");
  try {
    const reply = await fetch("predict", { method: "POST", body: form });
    const answer = await reply.json();
    if (reply.ok) present(answer);
    else complain(answer.detail);
    return reply.status === 503 ? Number(reply.headers.get("Retry-After")) || 1 : 0;
  } catch {
    complain("The service does not answer. Is it still running?");
    return 0;
  }
}

function present({ classes, predictions: [best], seen: image }) {
  complain("");
  classes.forEach((name, index) => bar(name, best.probabilities[index], name === best.class));
  picture(image);
  const percent = Math.round(best.probability * 100);
  tell(best.class, `${best.class}, ${percent} %`);
}

// The eye gets every answer at once; the ear gets one when the drawing rests.
function tell(name, text) {
  element("result").dataset.class = name;
  element("result").textContent = text;
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    element("spoken").textContent = name ? `The model reads ${text}` : text;
    seen.setAttribute("aria-label", `Your drawing as the model sees it: ${text}`);
  }, QUIET);
}

export function nothing() {
  complain("");
  for (const row of element("bars").rows) bar(row.dataset.class, 0, false);
  picture(null);
  tell("", "Nothing yet");
}

function bar(name, probability, best) {
  let row = element(`class-${name}`);
  if (!row) {
    row = element("bars").insertRow();
    row.id = `class-${name}`;
    row.dataset.class = name;
    row.innerHTML = '<th scope="row"></th><td><div class="track"><div class="fill"></div></div></td><td></td>';
    row.cells[0].textContent = name;
  }
  row.className = best ? "best" : "";
  row.querySelector(".fill").style.width = `${probability * 100}%`;
  row.cells[2].textContent = `${(probability * 100).toFixed(1)} %`;
}

function picture(image) {
  const context = seen.getContext("2d");
  if (!image) {
    context.clearRect(0, 0, seen.width, seen.height);
    return;
  }
  seen.width = seen.height = image.length;
  const pixels = context.createImageData(image.length, image.length);
  image.flat().forEach((ink, index) => pixels.data.set([255 * ink, 255 * ink, 255 * ink, 255], 4 * index));
  context.putImageData(pixels, 0, 0);
}

function complain(text) {
  if (element("trouble").textContent !== text) element("trouble").textContent = text;
}

async function start() {
  try {
    const { model } = await (await fetch("healthz")).json();
    model.classes.forEach((name) => bar(name, 0, false));
    const accuracy = model.metrics["test accuracy"];
    if (accuracy) {
      element("model").textContent =
        `A small network, trained on ${model.training.examples} digits of ${model.preprocessing.grid} × ` +
        `${model.preprocessing.grid} pixels; it reads ${(accuracy * 100).toFixed(1)} % of the test images right.`;
    }
  } catch {
    complain("The service does not answer. Is it still running?");
  }
}

start();
