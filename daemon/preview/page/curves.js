/** Curves against time on a canvas. */

const LABEL_PX = 16;

/** The colours of the curves; as many can be shown at once. */
export const COLOURS = ["#6fd3bd", "#f2b263", "#8fb4ff", "#f08fa8", "#c6a2f5", "#e6dd7a", "#7fd0ef", "#b5c0cf"];

/** Match a canvas to its size on the page and clear it; its context draws in CSS pixels. */
export function prepare(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const [across, down] = [Math.round(width * devicePixelRatio), Math.round(height * devicePixelRatio)];
  if (canvas.width !== across || canvas.height !== down) Object.assign(canvas, { width: across, height: down });
  const context = canvas.getContext("2d");
  context.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height };
}

/**
 * @typedef {object} Curve
 * @property {string} colour
 * @property {boolean} [dashed]
 * @property {ArrayLike<number>} times seconds, ascending
 * @property {(n: number) => number} value of the n-th time
 */

/**
 * Draw curves between two times.
 * @param {HTMLCanvasElement} canvas @param {Curve[]} curves
 * @param {{fromS: number, toS: number, relative?: boolean, low?: number, high?: number, unit?: string}} view
 *   relative: labels count seconds before the end; values from low to high (0 to 1) have labels if they have a unit
 */
export function drawCurves(canvas, curves, view) {
  const { context, width, height } = prepare(canvas);
  const bottom = height - LABEL_PX;
  const x = (timeS) => ((timeS - view.fromS) / (view.toS - view.fromS)) * width;
  const { low = 0, high = 1 } = view;
  const y = (value) => 3 + ((high - value) / (high - low)) * (bottom - 6);
  drawGrid(context, { width, bottom, x, y, low, high, ...view });
  for (const curve of curves) {
    context.strokeStyle = curve.colour;
    context.lineWidth = curve.dashed ? 1.25 : 1.75;
    context.lineJoin = "round";
    context.setLineDash(curve.dashed ? [4, 3] : []);
    context.beginPath();
    for (let n = 0; n < curve.times.length; n++) context.lineTo(x(curve.times[n]), y(curve.value(n)));
    context.stroke();
  }
}

function drawGrid(context, { width, bottom, x, y, fromS, toS, relative, low, high, unit }) {
  context.setLineDash([]);
  context.strokeStyle = "rgb(255 255 255 / 7%)";
  context.fillStyle = "#8b95a5";
  context.font = "11px system-ui, sans-serif";
  context.lineWidth = 1;
  context.beginPath();
  for (const value of [low, (low + high) / 2, high]) {
    context.moveTo(0, Math.round(y(value)) + 0.5);
    context.lineTo(width, Math.round(y(value)) + 0.5);
  }
  const step = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60].find((each) => (toS - fromS) / each <= width / 64) ?? 120;
  const count = Math.floor((toS - fromS) / step + 1e-6);
  for (let n = 0; n <= count; n++) {
    const at = relative ? x(toS - n * step) : x(fromS + n * step);
    context.moveTo(Math.round(at) + 0.5, 0);
    context.lineTo(Math.round(at) + 0.5, bottom);
    const text = `${relative && n ? "−" : ""}${+(n * step).toFixed(1)} s`;
    const half = context.measureText(text).width / 2;
    context.fillText(text, Math.min(width - 2 * half, Math.max(0, at - half)), bottom + LABEL_PX - 4);
  }
  context.stroke();
  if (!unit) return;
  context.fillText(`${high}${unit}`, 0, y(high) + 10);
  context.fillText(`${low}${unit}`.replace("-", "−"), 0, y(low) - 2);
}
