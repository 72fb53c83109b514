// What the model answers, shown and spoken.
const QUIET = 700; // milliseconds without a new answer before it is read aloud
const LARGEST = 512; // pixels a side of a picture that is sent from a file: as a PNG less than a megabyte

export const element = (id) => document.getElementById(id);
const seen = element("seen");
let speaking = 0;
let limits = { max_body: Infinity, max_pixels: Infinity }; // the service's own, once it has named them

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

// Sends a picture from a file. The service reads 256 pixels a side, so a photograph loses nothing by being scaled down.
export async function sendFile(file) {
  const picture = await scaledDown(file);
  if (picture.size <= limits.max_body) return send(picture);
  const [bytes, pixels] = [limits.max_body, limits.max_pixels].map((limit) => (limit / 1e6).toFixed(0));
  complain(
    `Your browser cannot open this file to scale it down, and the service takes ${bytes} MB and ${pixels} million pixels ` +
      "at most. Please choose a smaller picture, as PNG, JPEG, WebP or BMP.",
  );
}

async function scaledDown(file) {
  try {
    const image = await createImageBitmap(file); // turned as the camera was held
    const scale = Math.min(1, LARGEST / Math.max(image.width, image.height));
    if (scale === 1 && file.size <= limits.max_body) return file;
    const canvas = new OffscreenCanvas(Math.ceil(image.width * scale), Math.ceil(image.height * scale));
    const context = canvas.getContext("2d");
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await canvas.convertToBlob({ type: "image/png" }); // which keeps what is transparent
  } catch {
    return file; // the service says what it takes
  }
}

function present({ classes, predictions: [best], seen: image }) {
  complain("");
  classes.forEach((name, index) => bar(name, best.probabilities[index], name === best.class));
  picture(image);
  const percent = Math.round(best.probability * 100);
  tell(best.class, `${best.class}, ${percent} %`, best.doubts.join(" "));
}

// The eye gets every answer at once; the ear gets one when the drawing rests.
function tell(name, text, doubts = "") {
  element("result").dataset.class = name;
  element("result").textContent = text;
  element("doubts").textContent = doubts;
  clearTimeout(speaking);
  speaking = setTimeout(() => {
    element("spoken").textContent = name ? `The model reads ${text}. ${doubts}` : text;
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
    const health = await (await fetch("healthz")).json();
    const { model } = health;
    limits = health.limits;
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
