// Words for scenes with an explorer, on a page without one of its own; test_explorer.py puts the scenes together.

const ran = []; // whatever the explorer gave the browser to be called later, noted when it is called
const readings = []; // of files

const noted = (kind, run) => !new Error().stack.includes("explorer.mjs") ? run : (...given) => {
  ran.push(kind);
  return run(...given);
};
const { requestAnimationFrame: nextFrame } = window, { addEventListener: listen } = EventTarget.prototype;
const { arrayBuffer: read } = Blob.prototype;
window.requestAnimationFrame = (run) => nextFrame(noted("frame", run));
window.ResizeObserver = class extends ResizeObserver { constructor(run) { super(noted("size", run)); } };
window.MutationObserver = class extends MutationObserver { constructor(run) { super(noted("theme", run)); } };
EventTarget.prototype.addEventListener = function (kind, run, options) { listen.call(this, kind, noted(kind, run), options); };
Blob.prototype.arrayBuffer = function () {
  const reading = read.call(this);
  readings.push(reading);
  return reading;
};

let explorer, file, box, root, end;

async function begin(encoded) {
  explorer = await import("/_static/explorer.mjs?test");
  file = await (await fetch(`data:;base64,${encoded}`)).arrayBuffer();
  clear();
}

/** Begin again, with an empty element in a box. */
function clear() {
  end?.();
  box?.remove();
  document.documentElement.dataset.theme = "light";
  box = document.createElement("div");
  root = box.appendChild(document.createElement("div"));
  end = null;
  bringBack();
}

const bringBack = () => document.querySelector("article").append(box);
const part = (selector) => root.querySelector(selector);
const build = () => { end = explorer.mount(root, explorer.readModel(file), "en"); };
const darken = () => { document.documentElement.dataset.theme = "dark"; };

/** What a notebook does: bytes come as a DataView, perhaps of a part of them. */
function render(language) {
  const bytes = new Uint8Array([0, 0, ...new Uint8Array(file)]), values = { file: new DataView(bytes.buffer, 2), language };
  return explorer.default.render({ model: { get: (name) => values[name] }, el: root });
}

function press(key) {
  part(".le-pad").dispatchEvent(new KeyboardEvent("keydown", { key }));
}

function slide(value) {
  part("input[type=range]").value = value;
  part("input[type=range]").dispatchEvent(new Event("input"));
}

function draw() {
  const { x, y } = part(".le-paper").getBoundingClientRect();
  const place = { pointerId: 1, clientX: x + 50, clientY: y + 50 }; // 1: the mouse
  part(".le-paper").dispatchEvent(new PointerEvent("pointerdown", place));
}

function choose(content, name = "own.safetensors") {
  const transfer = new DataTransfer();
  transfer.items.add(new File([content], name));
  part("[type=file]").files = transfer.files;
  part("[type=file]").dispatchEvent(new Event("change"));
}

async function pictures(count) {
  while (count--) await new Promise(requestAnimationFrame);
}

/** Wait until nothing of the explorer's runs any more; what has run. */
async function rest() {
  const all = [];
  do {
    all.push(...ran.splice(0));
    await Promise.allSettled(readings);
    await pictures(2);
  } while (ran.length);
  return all;
}

/** Do whatever may wake an explorer. */
function stir() {
  document.documentElement.toggleAttribute("data-stirred");
  box.style.width = "200px";
  const kinds = ["input", "change", "click", "keydown", "pointerdown", "pointermove", "dragover", "dragleave", "drop"];
  for (const element of [root, ...root.querySelectorAll("*")]) {
    kinds.forEach((kind) => element.dispatchEvent(new Event(kind, { cancelable: true })));
  }
}

/** All that a reader sees or hears of the explorer. */
function look() {
  const html = root.innerHTML.replace(/shown-\d+/g, ""); // the radio buttons' group has a name by chance
  return [html, ...[...root.querySelectorAll("canvas")].map((canvas) => canvas.toDataURL())];
}
