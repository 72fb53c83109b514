// Drawing, with mouse, finger, pen or keyboard. Strokes are kept as lists of points in a unit square: what is shown, and
// what is sent, is drawn from them. The server turns the picture into what the model was trained on; nothing of that is
// repeated here.
import { element, nothing, send, sendFile } from "./answer.js";

const SIDE = 112; // of the picture that is sent, in pixels
const PEN = 0.075; // width of a stroke, in sides of the paper
const STEP = 1 / 16; // of the keyboard's pen; Shift divides it by four

const paper = element("paper");
const strokes = [];
const pen = { x: 0.5, y: 0.25, down: false, shown: false };
let drawing = null; // the stroke under the pointer
let dirty = false; // drawn since the last request
let busy = false; // a request is under way

// --- drawing ---------------------------------------------------------------------------------------------------------

function paint(context, side, ink, background) {
  context.fillStyle = background;
  context.fillRect(0, 0, side, side);
  context.strokeStyle = context.fillStyle = ink;
  context.lineWidth = PEN * side;
  context.lineCap = context.lineJoin = "round";
  for (const stroke of strokes) {
    context.beginPath();
    for (const [x, y] of stroke) context.lineTo(x * side, y * side);
    if (stroke.length === 1) context.lineTo(stroke[0][0] * side, stroke[0][1] * side + 0.01); // a dot
    context.stroke();
  }
}

function show() {
  const style = getComputedStyle(document.documentElement);
  const context = paper.getContext("2d");
  const side = paper.width;
  paint(context, side, style.getPropertyValue("--text"), style.getPropertyValue("--paper"));
  if (!pen.shown) return;
  context.beginPath();
  context.arc(pen.x * side, pen.y * side, PEN * side * 0.6, 0, 2 * Math.PI);
  context.lineWidth = 6;
  context.strokeStyle = style.getPropertyValue("--fill");
  context.stroke();
}

function changed() {
  show();
  dirty = true;
  ask();
}

function place(event) {
  const box = paper.getBoundingClientRect();
  const inside = (value) => Math.min(Math.max(value, 0), 1);
  return [inside((event.clientX - box.left) / box.width), inside((event.clientY - box.top) / box.height)];
}

paper.addEventListener("pointerdown", (event) => {
  if (drawing || event.button !== 0) return;
  paper.setPointerCapture(event.pointerId);
  pen.shown = pen.down = false;
  drawing = { id: event.pointerId, stroke: [place(event)] };
  strokes.push(drawing.stroke);
  changed();
});

paper.addEventListener("pointermove", (event) => {
  if (!drawing || event.pointerId !== drawing.id) return;
  const events = event.getCoalescedEvents ? event.getCoalescedEvents() : [];
  drawing.stroke.push(...(events.length ? events : [event]).map(place));
  changed();
});

for (const name of ["pointerup", "pointercancel"]) {
  paper.addEventListener(name, (event) => {
    if (drawing && event.pointerId === drawing.id) drawing = null;
  });
}

// --- the keyboard ----------------------------------------------------------------------------------------------------

const MOVES = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

function say(text) {
  element("pen").textContent = text;
}

function where() {
  return `${Math.round(pen.x * 100)} across, ${Math.round(pen.y * 100)} down`;
}

function move([right, down], fine) {
  const step = fine ? STEP / 4 : STEP;
  const inside = (value) => Math.min(Math.max(value, PEN / 2), 1 - PEN / 2);
  pen.x = inside(pen.x + right * step);
  pen.y = inside(pen.y + down * step);
  if (pen.down) strokes[strokes.length - 1].push([pen.x, pen.y]);
  say(`${pen.down ? "drawing" : "pen up"}, ${where()}`);
}

function press() {
  pen.down = !pen.down;
  if (pen.down) strokes.push([[pen.x, pen.y]]);
  say(`pen ${pen.down ? "down" : "up"}, ${where()}`);
}

paper.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || drawing) return;
  if (event.key in MOVES) move(MOVES[event.key], event.shiftKey);
  else if (event.key === " ") press();
  else if (event.key === "Backspace") undo();
  else if (event.key === "Delete") clear();
  else return;
  event.preventDefault();
  pen.shown = true;
  changed();
});

paper.addEventListener("focus", () => {
  pen.shown = paper.matches(":focus-visible");
  show();
});

paper.addEventListener("blur", () => {
  pen.shown = pen.down = false;
  show();
});

// --- buttons ---------------------------------------------------------------------------------------------------------

function undo() {
  strokes.pop();
  pen.down = false;
  say(strokes.length ? "stroke taken back" : "the paper is empty");
  changed();
}

function clear() {
  strokes.length = 0;
  pen.down = false;
  say("the paper is empty");
  changed();
}

element("undo").addEventListener("click", undo);
element("clear").addEventListener("click", clear);
element("file").addEventListener("change", (event) => {
  const [file] = event.target.files;
  event.target.value = "";
  if (file) sendFile(file);
});

// --- asking ------------------------------------------------------------------------------------------------------------

async function ask() {
  if (busy) return; // the answer that comes will ask again
  busy = true;
  while (dirty) {
    dirty = false;
    if (!strokes.length) {
      nothing();
      continue;
    }
    const canvas = new OffscreenCanvas(SIDE, SIDE);
    paint(canvas.getContext("2d"), SIDE, "#000", "#fff");
    const wait = await send(await canvas.convertToBlob({ type: "image/png" }));
    if (wait) {
      await new Promise((resolve) => setTimeout(resolve, wait * 1000));
      dirty = true;
    }
  }
  busy = false;
}

show();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
