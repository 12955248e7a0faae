// The latent space explorer of vae-edu: a trained VAE that lives in the page and talks to no server.
//
// The site mounts it on every element with data-explorer, a notebook through anywidget (vae_edu/explorer.py).
// In order: the file, the network, pictures, texts, the page, the two ways in.

const LIMIT = 3; // the plane goes from -3 to 3 in both directions
const STEPS = 20; // images along each side of the map
const VIEW = (LIMIT * STEPS) / (STEPS - 1); // half of what the pad shows: the map's outer images are centred on the limit
const COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf"];

// ---------------------------------------------------------------------------------------------------------- the file

// The two networks of the course, vae_edu.ConvVAE and vae_edu.MLPVAE, by the names and shapes of their weights.
const SHAPES = {
  conv: (d) => ({
    "encoder.0.weight": [32, 1, 4, 4], "encoder.0.bias": [32],
    "encoder.2.weight": [64, 32, 4, 4], "encoder.2.bias": [64],
    "fc_mu.weight": [d, 3136], "fc_mu.bias": [d],
    "fc_logvar.weight": [d, 3136], "fc_logvar.bias": [d],
    "fc_z.weight": [3136, d], "fc_z.bias": [3136],
    "decoder.1.weight": [64, 32, 4, 4], "decoder.1.bias": [32],
    "decoder.3.weight": [32, 1, 4, 4], "decoder.3.bias": [1],
  }),
  mlp: (d) => ({
    "encoder.1.weight": [512, 784], "encoder.1.bias": [512],
    "encoder.3.weight": [256, 512], "encoder.3.bias": [256],
    "fc_mu.weight": [d, 256], "fc_mu.bias": [d],
    "fc_logvar.weight": [d, 256], "fc_logvar.bias": [d],
    "fc_z.weight": [256, d], "fc_z.bias": [256],
    "decoder.1.weight": [512, 256], "decoder.1.bias": [512],
    "decoder.3.weight": [784, 512], "decoder.3.bias": [784],
  }),
};
const LARGEST = 64e6; // bytes that are read: a model of a thousand latent dimensions is smaller

const fault = (key, ...details) => Object.assign(new Error(key), { key, details });

/** The model in a file that vae_edu.export_explorer wrote (an ArrayBuffer); throws a fault with a key of TEXT.faults. */
export function readModel(buffer) {
  try {
    return parse(buffer);
  } catch (error) {
    throw error.key ? error : fault("foreign"); // nothing but an explorer's file reads as one
  }
}

function parse(buffer) {
  const bytes = new Uint8Array(buffer);
  if (bytes[0] === 0x50 && bytes[1] === 0x4b) throw fault("torch"); // "PK": a zip archive, as torch.save writes
  const length = bytes.length < 8 ? Infinity : Number(new DataView(buffer).getBigUint64(0, true));
  if (bytes[8] !== 0x7b || length > 1e6) throw fault("foreign"); // 0x7b: "{"
  if (8 + length > bytes.length) throw fault("cutOff");
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  if (header.__metadata__?.format !== "vae-edu explorer 1") throw fault("foreign");
  const tensor = (name, shape) => {
    const entry = header[name];
    if (!entry) throw fault("missing", name);
    if (String(entry.shape) !== String(shape)) throw fault("shape", name, `[${entry.shape.join(", ")}]`, `[${shape.join(", ")}]`);
    const [start, end] = entry.data_offsets.map((offset) => 8 + length + offset);
    if (end > bytes.length) throw fault("cutOff");
    const data = buffer.slice(start, end);
    const values = entry.dtype === "U8" ? new Uint8Array(data) : new Float32Array(data);
    if (values.length !== shape.reduce((product, side) => product * side, 1)) throw fault("cutOff");
    if (!values.every(Number.isFinite)) throw fault("notFinite", name);
    return values;
  };
  const d = header["fc_mu.bias"]?.shape?.[0] || 2;
  const count = header.labels?.shape?.[0] || 0;
  const network = header["encoder.1.weight"] ? "mlp" : "conv";
  const shapes = { ...SHAPES[network](d), points: [count, d], labels: [count] };
  const tensors = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, tensor(name, shape)]));
  return { d, network, tensors, ...(network === "conv" && firstLayers(d, tensors)) };
}

// ------------------------------------------------------------------------------------------------------- the network

/** The image at a point z (d numbers): 784 probabilities, row by row. */
export function decode(model, z) {
  const logits = (model.network === "conv" ? convDecoder : mlpDecoder)(model, z);
  return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
}

/** The cloud q(z|x) of an image x (784 numbers in [0, 1]): mu and sigma, d numbers each. */
export function encode({ network, tensors }, x) {
  const h = (network === "conv" ? convEncoder : mlpEncoder)(tensors, x);
  const logvar = linear(tensors, "fc_logvar", h);
  return { mu: linear(tensors, "fc_mu", h), sigma: logvar.map((value) => Math.exp(0.5 * value)) };
}

function convEncoder(tensors, x) {
  return relu(downwards(tensors, "encoder.2", relu(downwards(tensors, "encoder.0", x, 14)), 7));
}

function convDecoder({ tensors, origin, slopes }, z) {
  const h = origin.slice();
  slopes.forEach((slope, i) => slope.forEach((value, j) => { h[j] += value * z[i]; }));
  return upwards(tensors, "decoder.3", relu(h), 14);
}

/** fc_z and decoder.1 have no ReLU between them, so together they are linear in z: origin + z1 slope1 + z2 slope2 ... */
function firstLayers(d, tensors) {
  const layers = (z) => upwards(tensors, "decoder.1", linear(tensors, "fc_z", z), 7);
  const origin = layers(new Float32Array(d));
  const slopes = Array.from({ length: d }, (_, i) => {
    const unit = new Float32Array(d);
    unit[i] = 1;
    return layers(unit).map((value, j) => value - origin[j]);
  });
  return { origin, slopes };
}

function mlpEncoder(tensors, x) {
  return leaky(linear(tensors, "encoder.3", leaky(linear(tensors, "encoder.1", x))));
}

function mlpDecoder({ tensors }, z) {
  return linear(tensors, "decoder.3", leaky(linear(tensors, "decoder.1", leaky(linear(tensors, "fc_z", z)))));
}

const relu = (h) => h.map((value) => Math.max(value, 0));
const leaky = (h) => h.map((value) => Math.max(value, 0.01 * value)); // nn.LeakyReLU

function linear(tensors, name, x) {
  const weight = tensors[`${name}.weight`];
  return tensors[`${name}.bias`].map((sum, o) => {
    for (let i = 0, start = o * x.length; i < x.length; i++) sum += weight[start + i] * x[i];
    return sum;
  });
}

/** Conv2d(kernel 4, stride 2, padding 1): channels of 2n x 2n pixels become channels of n x n. */
function downwards(tensors, name, large, n) {
  const small = filled(tensors[`${name}.bias`], n * n);
  slide(tensors[`${name}.weight`], small, large, n, false);
  return small;
}

/** ConvTranspose2d(kernel 4, stride 2, padding 1): channels of n x n pixels become channels of 2n x 2n. */
function upwards(tensors, name, small, n) {
  const large = filled(tensors[`${name}.bias`], 4 * n * n);
  slide(tensors[`${name}.weight`], small, large, n, true);
  return large;
}

/** A convolution and its transpose: the kernel joins the same pixels of n x n and of 2n x 2n, only the way differs. */
function slide(weights, small, large, n, up) {
  const kernels = large.length / (4 * n * n); // for each channel of the small images
  for (let k = 0; k < weights.length; k++) {
    const weight = weights[k], kx = k & 3, ky = (k >> 2) & 3, kernel = k >> 4;
    const s0 = Math.floor(kernel / kernels) * n * n, l0 = (kernel % kernels) * 4 * n * n;
    const x0 = kx === 0 ? 1 : 0, width = (kx === 3 ? n - 1 : n) - x0; // the first or last column may lie in the padding
    for (let y = ky === 0 ? 1 : 0; y < (ky === 3 ? n - 1 : n); y++) {
      const s = s0 + y * n + x0, l = l0 + (2 * y - 1 + ky) * 2 * n + 2 * x0 - 1 + kx;
      if (up) for (let x = 0; x < width; x++) large[l + 2 * x] += weight * small[s + x];
      else for (let x = 0; x < width; x++) small[s + x] += weight * large[l + 2 * x];
    }
  }
}

function filled(bias, pixels) {
  const channels = new Float32Array(bias.length * pixels);
  bias.forEach((value, channel) => channels.fill(value, channel * pixels, (channel + 1) * pixels));
  return channels;
}

// ---------------------------------------------------------------------------------------------------------- pictures

/** Paint an image (784 numbers in [0, 1]) in grey onto a canvas, its upper left corner at (x, y). */
function paint(canvas, image, x = 0, y = 0) {
  const pixels = new ImageData(28, 28);
  image.forEach((value, i) => pixels.data.set([255 * value, 255 * value, 255 * value, 255], 4 * i));
  canvas.getContext("2d").putImageData(pixels, x, y);
}

function newCanvas(width, height = width) {
  return Object.assign(document.createElement("canvas"), { width, height });
}

/** Lines drawn by hand (lists of points) as MNIST prepares digits: 20 pixels high or wide, centred by their weight. */
export function digitOf(lines) {
  const points = lines.flat();
  const [left, right, top, bottom] = [0, 1].flatMap((i) => {
    const values = points.map((point) => point[i]);
    return [Math.min(...values), Math.max(...values)];
  });
  const scale = 17 / Math.max(right - left, bottom - top, 1e-6); // a pen 2.6 pixels wide makes it 20
  const draw = (dx, dy) => {
    const canvas = newCanvas(28 * 8), context = canvas.getContext("2d", { willReadFrequently: true });
    const place = ([x, y]) => [8 * (14 + dx + (x - (left + right) / 2) * scale), 8 * (14 + dy + (y - (top + bottom) / 2) * scale)];
    drawLines(context, lines.map((line) => line.map(place)), 8 * 2.6, "white");
    return shrunk(context.getImageData(0, 0, 28 * 8, 28 * 8).data);
  };
  const image = draw(0, 0);
  const weight = image.reduce((sum, value) => sum + value, 0);
  const centre = (coordinate) => image.reduce((sum, value, i) => sum + value * (coordinate(i) + 0.5), 0) / weight;
  return draw(14 - centre((i) => i % 28), 14 - centre((i) => Math.floor(i / 28)));
}

/** The opacity of 224 x 224 pixels (RGBA), averaged over squares of 8 x 8: 784 numbers in [0, 1]. */
function shrunk(data) {
  const image = new Float32Array(784);
  for (let i = 0; i < 224 * 224; i++) {
    image[Math.floor(i / 224 / 8) * 28 + Math.floor((i % 224) / 8)] += data[4 * i + 3] / 255 / 64;
  }
  return image;
}

function drawLines(context, lines, width, colour) {
  Object.assign(context, { lineWidth: width, strokeStyle: colour, lineCap: "round", lineJoin: "round" });
  for (const [[x, y], ...rest] of lines) {
    context.beginPath();
    context.moveTo(x, y);
    context.lineTo(x + 0.01, y); // a line of no length would not be drawn, not even as a dot
    rest.forEach((point) => context.lineTo(...point));
    context.stroke();
  }
}

// ------------------------------------------------------------------------------------------------------------- texts

const number = (value) => value.toFixed(2).replace("-", "−");
const vector = (values) => `(${Array.from(values, number).join(", ")})`;

const TEXT = {
  ja: {
    pad: "潜在空間の平面。矢印キーで点を動かし、Home キーで原点に戻ります",
    sliders: "スライダーで点 <i>z</i> を動かすと、デコーダがその点の画像を描きます。",
    how: "平面をドラッグするか、矢印キーを押すと、点 <i>z</i> が動き、デコーダがその点の画像を描きます。",
    dots: (n) => `小さな点の 1 つ 1 つが、画像 1 枚の平均 <i>μ</i> です (全部で ${n} 枚)。色は数字を表します。`,
    image: (z) => `点 z = ${z} をデコードした画像`,
    random: "<i>z</i> を事前分布からサンプリングする",
    shown: "平面に表示するもの", points: "各画像の平均 μ", map: "地図", axes: ["横軸", "縦軸"],
    interpolation: "2 点の間を補間する",
    interpolationHow: "点を動かして「A をここに」「B をここに」を押すと、A と B を結ぶ線分の上の 9 点をデコードします。画像を押すと、点がそこへ動きます。",
    set: (name) => `${name} をここに`,
    between: (i, z) => `A から B へ ${i} 番目の点 z = ${z}`,
    drawing: "数字を描いてエンコードする",
    drawingHow: "黒い枠に数字を 1 つ描いてください。大きさと位置を MNIST と同じようにそろえてから、エンコーダに渡します。",
    paper: "数字を描く枠", clear: "消す", input: "エンコーダの入力", restored: "再構築",
    noCloud: "数字を描くと、エンコーダが求めた雲が、平面に楕円で表示されます。",
    cloud: (mu, sigma) => `μ = ${mu}、σ = ${sigma}。平面の楕円は、雲 q(z|x) の 1σ と 2σ の範囲です。再構築は z = μ をデコードした画像です。エンコーダはどんな画像にも雲を返すので、数字でなくても、よく似た数字として再構築します。`,
    file: "自分のモデルを探検する",
    fileHow: "ノートブックで <code>vae_edu.export_explorer(model, \"my_vae.safetensors\")</code> を実行し、できたファイルをここにドロップするか、選んでください。ファイルはこのページの中だけで使い、どこにも送りません。",
    unchanged: "表示中のモデルはそのままです。",
    choose: "ファイルを選ぶ", back: "講座のモデルに戻す",
    loaded: (name, d, n) => `${name} を読み込みました (潜在変数 ${d} 次元、画像 ${n} 枚の平均)。`,
    faults: {
      torch: "これは PyTorch の重みファイルです。ノートブックで vae_edu.export_explorer(model, \"my_vae.safetensors\") を実行し、できたファイルを選んでください。",
      foreign: "これはエクスプローラのファイルではありません。vae_edu.export_explorer(model, \"my_vae.safetensors\") で書き出したファイルを選んでください。",
      cutOff: "ファイルが途中で切れています。もう一度ダウンロードするか、書き出し直してください。",
      missing: (name) => `ファイルに ${name} がありません。講座の ConvVAE か MLPVAE を書き出してください。`,
      shape: (name, given, expected) => `${name} の形は ${expected} でなければなりませんが、${given} です。講座の ConvVAE か MLPVAE を、層を変えずに書き出してください。`,
      notFinite: (name) => `${name} に有限でない値があります。学習率を小さくして学習し直してから、書き出してください。`,
      unreachable: "エクスプローラのモデルを読み込めませんでした。ページを再読み込みしてください。",
    },
  },
  en: {
    pad: "Plane of the latent space. The arrow keys move the point, Home takes it to the origin",
    sliders: "Move the point <i>z</i> with the sliders: the decoder draws its image.",
    how: "Drag in the plane or press the arrow keys: the point <i>z</i> moves, and the decoder draws its image.",
    dots: (n) => `Each small dot is the mean <i>μ</i> of one image (${n} in all), coloured by digit.`,
    image: (z) => `The image decoded from the point z = ${z}`,
    random: "Draw <i>z</i> from the prior",
    shown: "What the plane shows", points: "Image means μ", map: "Map", axes: ["Across", "Up"],
    interpolation: "Interpolate between two points",
    interpolationHow: "Move the point and press “Put A here” or “Put B here”: nine points on the line from A to B are decoded. Press an image to move the point there.",
    set: (name) => `Put ${name} here`,
    between: (i, z) => `Point ${i} on the way from A to B, z = ${z}`,
    drawing: "Draw a digit and encode it",
    drawingHow: "Draw one digit in the black box. It is scaled and centred as MNIST’s digits are, then handed to the encoder.",
    paper: "Box to draw a digit in", clear: "Clear", input: "Input of the encoder", restored: "Reconstruction",
    noCloud: "Once you draw, the encoder’s cloud appears in the plane as an ellipse.",
    cloud: (mu, sigma) => `μ = ${mu}, σ = ${sigma}. The ellipses in the plane are 1σ and 2σ of the cloud q(z|x). The reconstruction is the image decoded at z = μ. The encoder returns a cloud for any image, so what is no digit is restored as a digit like it.`,
    file: "Explore your own model",
    fileHow: "Run <code>vae_edu.export_explorer(model, \"my_vae.safetensors\")</code> in a notebook, and drop the file here or choose it. It stays in this page and is sent nowhere.",
    unchanged: "The model shown is unchanged.",
    choose: "Choose a file", back: "Back to the course’s model",
    loaded: (name, d, n) => `Loaded ${name}: ${d} latent dimension${d === 1 ? "" : "s"}, means of ${n} images.`,
    faults: {
      torch: "This is a PyTorch weight file. Run vae_edu.export_explorer(model, \"my_vae.safetensors\") in the notebook, and choose the file that it writes.",
      foreign: "This is not an explorer file. Choose one written by vae_edu.export_explorer(model, \"my_vae.safetensors\").",
      cutOff: "The file is cut off. Download it again, or export it again.",
      missing: (name) => `The file has no ${name}. Export a ConvVAE or an MLPVAE of the course.`,
      shape: (name, given, expected) => `${name} must have the shape ${expected}, but it is ${given}. Export the course’s ConvVAE or MLPVAE with its layers unchanged.`,
      notFinite: (name) => `${name} has values that are not finite. Train again with a smaller learning rate, then export.`,
      unreachable: "The explorer’s model could not be loaded. Reload the page.",
    },
  },
};

// ---------------------------------------------------------------------------------------------------------- the page

const running = new WeakMap(); // by element: what ends the explorer in it

/** Fill an element with the explorer of a model; returns a function that ends it: nothing of it runs from then on. */
export function mount(root, model, language, parts = ["plane", "interpolation", "drawing", "file"]) {
  let end = running.get(root); // a cell of a notebook is run again
  const stop = () => end();
  // When a reader opens a model of their own: the course's, to go back to, and a sentence about the reader's.
  const show = (model, course = null, said = "") => {
    end?.();
    end = fill({ root, model, language, parts, course, said, show });
  };
  show(model);
  running.set(root, stop);
  return stop;
}

/** The explorer of one model, until another takes its place. */
function fill(given) {
  const { root, model, language, parts } = given, life = new AbortController(), draws = [];
  let frame = 0;
  const explorer = {
    ...given, text: TEXT[language], ended: life.signal,
    z: new Float32Array(model.d), // the point that is decoded
    ends: [0, 1].map((digit) => meanOf(model, digit)), // A and B of the interpolation
    cloud: null, // of the digit drawn by hand
    move(z) {
      explorer.z = Float32Array.from(z, (value) => Math.min(LIMIT, Math.max(-LIMIT, value)));
      explorer.redraw();
    },
    redraw() { // once before the next picture of the screen, however often it is called
      frame ||= requestAnimationFrame(() => { frame = 0; draws.forEach((draw) => draw()); });
    },
    on(elements, event, handle) {
      [elements].flat().forEach((element) => element.addEventListener(event, handle, { signal: life.signal }));
    },
  };
  life.signal.addEventListener("abort", () => cancelAnimationFrame(frame));
  root.className = "latent-explorer";
  root.lang = language;
  root.replaceChildren();
  for (const part of parts) {
    const element = root.appendChild(document.createElement("div"));
    element.className = `le-${part}`;
    draws.push(PARTS[part](element, explorer));
  }
  explorer.redraw();
  return () => life.abort();
}

const find = (element, selector) => element.querySelector(selector);
const all = (element, selector) => [...element.querySelectorAll(selector)];
const visible = (element) => element.clientWidth > 0; // neither hidden nor taken from the page
const repeat = (count, html) => Array.from({ length: count }, (_, i) => html(i)).join("");

// Each part fills its element, listens to the reader, and returns what draws it when the explorer's state has changed.
const PARTS = {
  /** What latent_sliders shows in a notebook. */
  point(element, explorer) {
    element.innerHTML = `<p>${explorer.text.sliders}</p><div class="le-columns">${pointOf(explorer)}</div>`;
    return livePoint(element, explorer);
  },

  plane(element, explorer) {
    const { model, language, text, move, on } = explorer, { d } = model, group = crypto.getRandomValues(new Uint32Array(1))[0];
    element.innerHTML = `
      <p>${text.how} <span class="le-dots">${text.dots(model.tensors.labels.length.toLocaleString(language))}</span></p>
      <div class="le-columns">
        <canvas class="le-pad" tabindex="0" role="slider" aria-label="${text.pad}" aria-valuemin="${-LIMIT}" aria-valuemax="${LIMIT}"></canvas>
        ${pointOf(explorer)}
        <div class="le-options">
          <button type="button" class="le-random">${text.random}</button>
          <fieldset><legend>${text.shown}</legend>${["points", "map"].map((name) => `
            <label><input type="radio" name="shown-${group}" value="${name}"> ${text[name]}</label>`).join("")}
          </fieldset>
          <div class="le-axes"${d > 2 ? "" : " hidden"}>${text.axes.map((name) => `
            <label>${name} <select>${repeat(d, (i) => `<option value="${i}">z${i + 1}</option>`)}</select></label>`).join("")}
          </div>
        </div>
      </div>`;
    const pad = find(element, ".le-pad"), layer = newCanvas(1), drawPoint = livePoint(element, explorer);
    const choices = all(element, "input[type=radio]"), selects = all(element, "select");
    const axes = d > 1 ? [0, 1] : [0]; // the dimensions that the plane shows, across and up
    let shown = "points", drawn = "", row = STEPS; // drawn: what the layer shows; row: the map's next

    const at = (...values) => { // the point with these values on the plane's axes; its other numbers stay
      const z = explorer.z.slice();
      axes.forEach((axis, i) => { z[axis] = values[i]; });
      return z;
    };
    const reach = ({ clientX, clientY }) => {
      const box = pad.getBoundingClientRect(), side = box.width * (1 - MARGIN);
      move(at(VIEW * (1 - 2 * (box.right - clientX) / side), VIEW * (1 - 2 * (clientY - box.top) / side)));
    };
    onDrag(explorer, pad, reach, reach);
    on(pad, "keydown", (event) => {
      const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowDown: [0, -1], ArrowUp: [0, 1] }[event.key];
      const step = event.shiftKey ? 0.01 : 0.1;
      if (way) move(at(...axes.map((axis, i) => explorer.z[axis] + step * way[i])));
      else if (event.key === "Home") move(new Float32Array(d));
      else return;
      event.preventDefault(); // or the page scrolls
    });
    on(find(element, ".le-random"), "click", () => move(explorer.z.map(normal)));
    on(choices, "change", ({ target }) => { shown = target.value; explorer.redraw(); });
    on(selects, "change", ({ target }) => {
      const direction = selects.indexOf(target), axis = Number(target.value);
      if (axes[1 - direction] === axis) axes[1 - direction] = axes[direction]; // the two change places
      axes[direction] = axis;
      explorer.redraw();
    });

    function drawLayer() {
      const ink = inkOf(element);
      layer.width = layer.height = pad.width;
      if (shown === "points") drawPoints(layer, model, axes, ink);
      else layer.getContext("2d").fillRect(across(layer, -VIEW), 0, plane(layer), plane(layer)); // until the images are there
      drawAxes(layer, axes, ink);
      row = shown === "map" ? 0 : STEPS;
    }
    function drawRow() { // one for each picture of the screen: the page stays alive
      drawMapRow(layer, row++, (...values) => decode(model, at(...values)));
      if (row === STEPS) drawAxes(layer, axes, inkOf(element));
      else explorer.redraw();
    }
    const watched = new MutationObserver(explorer.redraw), fitted = new ResizeObserver(explorer.redraw); // light and dark; size
    [document.documentElement, document.body].forEach((page) => watched.observe(page, { attributes: true }));
    fitted.observe(pad);
    explorer.ended.addEventListener("abort", () => { watched.disconnect(); fitted.disconnect(); });

    return () => {
      const { z } = explorer;
      drawPoint();
      find(element, ".le-dots").hidden = shown !== "points";
      choices.forEach((choice) => { choice.checked = choice.value === shown; });
      selects.forEach((select, i) => { select.value = axes[i]; });
      pad.ariaValueNow = z[axes[0]].toFixed(2);
      pad.ariaValueText = axes.map((axis) => `z${axis + 1} ${number(z[axis])}`).join(", ");
      if (!visible(pad)) return; // fitted calls when there is something to see
      const side = Math.max(1, Math.round(pad.clientWidth * devicePixelRatio)), elsewhere = z.filter((_, i) => !axes.includes(i));
      const wanted = [side, axes, shown, shown === "map" ? elsewhere : "", getComputedStyle(element).color].join();
      if (pad.width !== side) pad.width = pad.height = side;
      if (wanted !== drawn) { drawn = wanted; drawLayer(); }
      if (row < STEPS) drawRow();
      drawMarks(pad, layer, axes, explorer);
    };
  },

  interpolation(element, explorer) {
    const { model, text, ends, move, on } = explorer;
    element.innerHTML = `
      <h3>${text.interpolation}</h3>
      <p>${text.interpolationHow}</p>
      <p>${["A", "B"].map((name) => `<button type="button" class="le-end">${text.set(name)}</button>`).join(" ")}</p>
      <div class="le-strip">${repeat(9, () => `<button type="button"><canvas width="28" height="28"></canvas></button>`)}</div>`;
    const setters = all(element, ".le-end"), strip = all(element, ".le-strip button");
    const between = (i) => ends[0].map((value, j) => value + (i / 8) * (ends[1][j] - value));
    on(setters, "click", ({ currentTarget }) => { ends[setters.indexOf(currentTarget)] = explorer.z.slice(); explorer.redraw(); });
    on(strip, "click", ({ currentTarget }) => move(between(strip.indexOf(currentTarget))));
    let drawn = "";
    return () => {
      if (drawn === ends.join()) return;
      drawn = ends.join();
      strip.forEach((button, i) => {
        paint(button.firstChild, decode(model, between(i)));
        button.ariaLabel = text.between(i + 1, vector(between(i)));
      });
    };
  },

  drawing(element, explorer) {
    const { model, text, move, on } = explorer, lines = [];
    let drawn = false;
    element.innerHTML = `
      <h3>${text.drawing}</h3>
      <p>${text.drawingHow}</p>
      <div class="le-figures">
        <div><canvas class="le-paper" width="448" height="448" role="img" aria-label="${text.paper}"></canvas>
          <p><button type="button">${text.clear}</button></p></div>
        <div><canvas class="le-input" width="28" height="28" role="img" aria-label="${text.input}"></canvas>
          <p>${text.input} <i>x</i></p></div>
        <div><canvas class="le-restored" width="28" height="28" role="img" aria-label="${text.restored}"></canvas>
          <p>${text.restored} <i>x̂</i></p></div>
      </div>
      <p role="status"></p>`;
    const [paper, input, restored] = all(element, "canvas"), status = find(element, "[role=status]");
    const spot = ({ clientX, clientY }) => {
      const box = paper.getBoundingClientRect();
      return [(clientX - box.left) / box.width * paper.width, (clientY - box.top) / box.height * paper.height];
    };
    const change = () => { drawn = false; explorer.redraw(); };
    onDrag(explorer, paper, (event) => { lines.push([spot(event)]); change(); }, (event) => { lines.at(-1)?.push(spot(event)); change(); });
    on(find(element, "button"), "click", () => { lines.length = 0; change(); });
    return () => {
      if (drawn) return;
      drawn = true;
      const x = lines.length ? digitOf(lines) : new Float32Array(784);
      explorer.cloud = lines.length ? encode(model, x) : null;
      paper.getContext("2d").clearRect(0, 0, paper.width, paper.height);
      drawLines(paper.getContext("2d"), lines, 28, "white");
      paint(input, x);
      paint(restored, explorer.cloud ? decode(model, explorer.cloud.mu) : x);
      status.textContent = explorer.cloud ? text.cloud(vector(explorer.cloud.mu), vector(explorer.cloud.sigma)) : text.noCloud;
      move(explorer.cloud?.mu ?? explorer.z);
    };
  },

  file(element, explorer) {
    const { root, language, text, course, on } = explorer;
    element.innerHTML = `
      <h3>${text.file}</h3>
      <p>${text.fileHow}</p>
      <p><label class="le-choose"><input type="file" accept=".safetensors"> ${text.choose}</label>
        <button type="button"${course ? "" : " hidden"}>${text.back}</button></p>
      <p role="status"></p>
      <p role="alert"></p>`;
    const status = find(element, "[role=status]"), alert = find(element, "[role=alert]"), input = find(element, "input");
    status.textContent = explorer.said;
    let latest;
    const open = async ([file]) => {
      if (!file) return;
      latest = file;
      alert.textContent = "";
      input.value = ""; // or choosing the same file again says nothing
      const buffer = await file.slice(0, LARGEST).arrayBuffer().catch(() => new ArrayBuffer(0)); // a folder cannot be read
      if (explorer.ended.aborted || file !== latest) return;
      try {
        const own = readModel(buffer);
        renew(own, course ?? explorer.model, text.loaded(file.name, own.d, own.tensors.labels.length.toLocaleString(language)));
      } catch (error) {
        alert.textContent = `${told(error, text)} ${text.unchanged}`;
      }
    };
    const renew = (...given) => {
      explorer.show(...given);
      find(root, "input[type=file]").focus({ preventScroll: true }); // a keyboard goes on where it was
    };
    on(input, "change", () => open(input.files));
    on(find(element, "button"), "click", () => renew(course));
    on(root, "dragover", (event) => { event.preventDefault(); root.classList.add("le-over"); });
    on(root, "dragleave", () => root.classList.remove("le-over"));
    on(root, "drop", (event) => {
      event.preventDefault(); // or the browser leaves the page for the file
      root.classList.remove("le-over");
      open(event.dataTransfer.files);
    });
    return () => {};
  },
};

/** The image of the explorer's point and a slider for each of its numbers; livePoint draws them and listens. */
function pointOf({ model }) {
  return `
    <canvas class="le-image" width="28" height="28" role="img"></canvas>
    <div class="le-sliders">${repeat(model.d, (i) => `
      <label><span><i>z</i><sub>${i + 1}</sub></span>
        <input type="range" min="${-LIMIT}" max="${LIMIT}" step="0.01"> <output></output></label>`)}
    </div>`;
}

function livePoint(element, explorer) {
  const { model, text, move, on } = explorer, image = find(element, ".le-image"), sliders = all(element, "input[type=range]");
  on(sliders, "input", () => move(sliders.map((slider) => slider.valueAsNumber)));
  return () => {
    paint(image, decode(model, explorer.z));
    image.ariaLabel = text.image(vector(explorer.z));
    sliders.forEach((slider, i) => { slider.value = explorer.z[i]; slider.nextElementSibling.textContent = number(explorer.z[i]); });
  };
}

/** Follow the pointer from where it goes down on a canvas until it is lifted, wherever it wanders. */
function onDrag({ on }, canvas, start, go) {
  on(canvas, "pointerdown", (event) => { if (visible(canvas)) { canvas.setPointerCapture(event.pointerId); start(event); } });
  on(canvas, "pointermove", (event) => { if (visible(canvas) && canvas.hasPointerCapture(event.pointerId)) go(event); });
}

/** The median point of a digit's images; where there are none, a point left or right of the origin. */
function meanOf(model, digit) {
  return Float32Array.from({ length: model.d }, (_, axis) => median(model, digit, axis) ?? 2 * digit - 1);
}

function median({ d, tensors: { points, labels } }, digit, axis) {
  const values = points.filter((_, i) => i % d === axis && labels[(i - axis) / d] === digit).sort();
  return values[values.length >> 1];
}

/** A number drawn from N(0, 1) (Box and Muller 1958). */
function normal() {
  return Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
}

/** What a fault says in the reader's language; an error of another kind is a mistake of this file. */
function told(error, text) {
  const message = text.faults[error.key];
  if (!message) throw error;
  return typeof message === "function" ? message(...error.details) : message;
}

// ---------------------------------------------------------------------------------------------------- the plane's ink

// The plane is a square; left of it and below it a margin holds the numbers of the axes.
const MARGIN = 0.06;
const plane = (canvas) => canvas.width * (1 - MARGIN);
const across = (canvas, x) => canvas.width - (1 - x / VIEW) / 2 * plane(canvas);
const down = (canvas, y) => (1 - y / VIEW) / 2 * plane(canvas);

const UNLABELLED = 255, MOST_LABELS = 62; // a label that stands for none; how many are written, and not only coloured

/** The labels of a model's points in order, one row each where there is one dimension: the ten digits, or others that occur. */
function labelsOf({ tensors: { labels } }) {
  const found = [...new Set(labels)].filter((label) => label !== UNLABELLED).sort((a, b) => a - b);
  return found.every((label) => label < COLOURS.length) ? [...COLOURS.keys()] : found;
}

/** The means in the colours of their labels, each label written at its median. */
function drawPoints(canvas, model, [first, second], { paper }) {
  const { d, tensors: { points, labels } } = model, context = canvas.getContext("2d"), size = canvas.width / 200;
  const shown = labelsOf(model), colourOf = (label) => COLOURS[shown.indexOf(label) % COLOURS.length] ?? "#7f7f7f";
  const row = (label) => (shown.includes(label) ? 5 * ((shown.indexOf(label) + 0.5) / shown.length - 0.5) : 0);
  const height = (i) => (second === undefined ? row(labels[i]) : points[i * d + second]);
  context.save();
  context.rect(across(canvas, -VIEW), 0, plane(canvas), plane(canvas));
  context.clip(); // some images lie outside
  context.globalAlpha = 0.7;
  labels.forEach((label, i) => {
    context.fillStyle = colourOf(label);
    context.fillRect(across(canvas, points[i * d + first]) - size / 2, down(canvas, height(i)) - size / 2, size, size);
  });
  context.restore();
  for (const label of shown.length > MOST_LABELS ? [] : shown) {
    const y = second === undefined ? row(label) : median(model, label, second), colour = colourOf(label);
    const x = median(model, label, first);
    if (x !== undefined) write(canvas, label, across(canvas, x), down(canvas, y), { size: 22, colour, paper, weight: "bold" });
  }
}

/** A row of the map, counted from the top: images decoded at equal steps, each centred on its point. */
function drawMapRow(canvas, row, decodeAt) {
  const strip = newCanvas(28 * STEPS, 28), step = (2 * LIMIT) / (STEPS - 1), side = plane(canvas) / STEPS;
  for (let column = 0; column < STEPS; column++) paint(strip, decodeAt(column * step - LIMIT, LIMIT - row * step), 28 * column);
  canvas.getContext("2d").drawImage(strip, across(canvas, -VIEW), row * side, plane(canvas), side);
}

/** A frame around the plane, numbers along its axes, and their names. */
function drawAxes(canvas, axes, ink) {
  const middle = (MARGIN / 2) * canvas.width, context = canvas.getContext("2d");
  const places = [(value) => [across(canvas, value), canvas.width - middle], (value) => [middle, down(canvas, value)]];
  axes.forEach((axis, i) => {
    for (let value = -2; value <= 2; value++) write(canvas, String(value).replace("-", "−"), ...places[i](value), ink);
    write(canvas, `z${subscript(axis + 1)}`, ...places[i](LIMIT), { ...ink, style: "italic", size: 17 });
  });
  Object.assign(context, { strokeStyle: ink.colour, lineWidth: 1 });
  context.strokeRect(across(canvas, -VIEW) + 0.5, 0.5, plane(canvas) - 1, plane(canvas) - 1);
}

/** What moves: the point, A and B with the line between them, the cloud of the drawn digit. */
function drawMarks(pad, layer, axes, { z, ends, cloud, parts }) {
  const context = pad.getContext("2d"), dot = unit(pad);
  const place = (point) => [across(pad, point[axes[0]]), down(pad, axes.length > 1 ? point[axes[1]] : 0)];
  const stroke = (draw) => [["#000", 4], ["#fff", 2]].forEach(([strokeStyle, width]) => { // seen on every ground
    Object.assign(context, { strokeStyle, lineWidth: width * dot });
    context.beginPath();
    draw();
    context.stroke();
  });
  context.clearRect(0, 0, pad.width, pad.height);
  context.drawImage(layer, 0, 0);
  if (parts.includes("interpolation")) {
    stroke(() => { context.moveTo(...place(ends[0])); context.lineTo(...place(ends[1])); });
    ["A", "B"].forEach((name, i) => write(pad, name, ...place(ends[i]), { size: 18, colour: "#000", weight: "bold" }));
  }
  for (const times of cloud ? [1, 2] : []) {
    const [width, height] = [0, 1].map((i) => times * (cloud.sigma[axes[i]] ?? 0) / (2 * VIEW) * plane(pad));
    stroke(() => context.ellipse(...place(cloud.mu), width, height, 0, 0, 2 * Math.PI));
  }
  if (String(cloud?.mu) !== String(z)) stroke(() => context.arc(...place(z), 8 * dot, 0, 2 * Math.PI)); // else it hides the cloud
}

/** Text around a point, with an edge that sets it off from whatever lies below. */
function write(canvas, text, x, y, { colour, paper = "#fff", size = 13, weight = "normal", style = "normal" }) {
  const context = canvas.getContext("2d");
  Object.assign(context, { font: `${style} ${weight} ${size * unit(canvas)}px sans-serif`, textAlign: "center", textBaseline: "middle" });
  Object.assign(context, { strokeStyle: paper, lineWidth: 3 * unit(canvas), lineJoin: "round", fillStyle: colour });
  context.strokeText(text, x, y);
  context.fillText(text, x, y);
}

/** The colour of an element's text, and one that sets it off: dark on light pages is light on dark ones. */
function inkOf(element) {
  const { color: colour } = getComputedStyle(element);
  const [red, green, blue] = colour.match(/[\d.]+/g);
  return { colour, paper: 0.3 * red + 0.6 * green + 0.1 * blue > 128 ? "#000" : "#fff" };
}

/** Pixels of a canvas for a pixel of a pad 420 wide. */
const unit = (canvas) => canvas.width / 420;
const subscript = (count) => [...String(count)].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("");

// ----------------------------------------------------------------------------------------------------- the two ways in

/** On the site: data-explorer names the model's file beside this module, data-parts the parts to show. */
async function start(root) {
  const language = document.documentElement.lang === "ja" ? "ja" : "en";
  try {
    const answer = await fetch(new URL(root.dataset.explorer, import.meta.url));
    if (!answer.ok) throw fault("unreachable");
    mount(root, readModel(await answer.arrayBuffer()), language, root.dataset.parts?.split(" "));
  } catch (error) {
    const message = root.appendChild(document.createElement("p"));
    message.role = "alert";
    message.textContent = told(error.key ? error : fault("unreachable"), TEXT[language]);
  }
}
document.querySelectorAll("[data-explorer]").forEach(start);

/** In a notebook, through anywidget. */
function render({ model, el }) {
  const { buffer, byteOffset, byteLength } = model.get("file");
  const root = find(el, ".latent-explorer") ?? el.appendChild(document.createElement("div"));
  root.dataset.lmSuppressShortcuts = true; // or JupyterLab takes the arrow keys for the next cell
  return mount(root, readModel(buffer.slice(byteOffset, byteOffset + byteLength)), model.get("language"), ["plane", "interpolation", "drawing"]);
}
export default { render };
