import { blob, polygon, ramp, rgba, shape } from "./brush.js";
import { COLOURS as C } from "./colours.js";
import { LINE_Y } from "./lips.js";
import { smoothstep } from "./weights.js";

// The seams between the teeth, head units from the middle.
const UPPER_TEETH = [-29, -24.5, -19.5, -14.2, -8.6, 0, 8.6, 14.2, 19.5, 24.5, 29];
const LOWER_TEETH = [-25, -20.5, -15.7, -10.8, -5.4, 0, 5.4, 10.8, 15.7, 20.5, 25];

/** A row of teeth between the heights of their necks and edges; `at(x, y)` puts it onto the canvas. */
function paintTeeth(ctx, seams, neck, edge, at) {
  const up = Math.sign(neck - edge);
  const rim = (x) => edge + up * 0.0035 * x * x;
  polygon(ctx, [at(seams[0], neck), ...seams.map((x) => at(x, rim(x) + up * 1.2)), at(seams.at(-1), neck)]);
  ctx.fillStyle = rgba(C.toothShade);
  ctx.fill();
  for (let i = 1; i < seams.length; i++) {
    const [a, b] = [seams[i - 1], seams[i]];
    const middle = (a + b) / 2;
    const point = i === 3 || i === 8 ? 0.4 * up : 0; // canines
    shape(ctx, [
      at(a + 0.15, neck), at(b - 0.15, neck), at(b - 0.2, rim(b) + 1.6 * up), at(b - 1.2, rim(b) + 0.3 * up),
      at(middle, rim(middle) - point), at(a + 1.2, rim(a) + 0.3 * up), at(a + 0.2, rim(a) + 1.6 * up),
    ], rgba(C.tooth));
  }
}

function paintGum(ctx, y, up, at) {
  const edge = [at(-32, y - 2 * up), at(-16, y), at(0, y - up), at(16, y), at(32, y - 2 * up)];
  shape(ctx, [...edge, at(0, y - 28 * up)], rgba(C.gum));
}

/** The tongue where it rests, `raised` above that. */
function paintTongue(ctx, raised, at) {
  const y = LINE_Y - raised;
  const tone = ramp(ctx, at(0, y - 6), at(0, y + 14), [[0, C.tongueDark], [0.7, C.tongue]]);
  shape(ctx, [
    at(-18, y + 12), at(-14, y + 0.5), at(-5, y - 4), at(5, y - 4), at(14, y + 0.5), at(18, y + 12), at(0, y + 30),
  ], tone);
  blob(ctx, at, [-3, y + 1.5], [12, 4.5], C.tongueLight, 0.5);
}

/** Everything behind the lips, between their inner edges (px). */
export function paintInside(ctx, head, w, edges, upperInner, lowerInner) {
  if (edges.gap < 0.3) return;
  const { view, unit, jaw } = head;
  const arch = (x) => 58 - 0.022 * x * x;
  const upper = (x, y) => view.at(x, y, arch(x));
  const lower = (x, y) => view.at(x + 0.85 * jaw.shift, y + 0.86 * jaw.drop, arch(x) - 2 + 0.8 * jaw.forward);
  ctx.save();
  polygon(ctx, [...upperInner, ...[...lowerInner].reverse()]);
  const floor = upper(0, LINE_Y + jaw.drop + 12);
  ctx.fillStyle = ramp(ctx, upper(0, LINE_Y - 8), floor, [[0.35, C.cavityDeep], [1, C.cavity]]);
  ctx.fill();
  ctx.clip();
  paintTongue(ctx, 6 * w("tongueOut"), lower);
  paintGum(ctx, LINE_Y + 14, -1, lower);
  paintTeeth(ctx, LOWER_TEETH, LINE_Y + 12, LINE_Y + 1.5, lower);
  paintGum(ctx, LINE_Y - 3.5, 1, upper);
  paintTeeth(ctx, UPPER_TEETH, LINE_Y - 7, LINE_Y + 4.2, upper);
  paintShadow(ctx, upperInner, lowerInner, unit, edges.summary.round);
  ctx.restore();
}

/** The lips' shadow on what is behind them: dark at the corners, soft along the edges. */
function paintShadow(ctx, upperInner, lowerInner, unit, round) {
  const [left, right] = [upperInner[0], upperInner.at(-1)];
  const middle = 0.05 + 0.6 * round; // lips that stand forward let in less light
  ctx.globalCompositeOperation = "multiply";
  ctx.fillStyle = ramp(ctx, left, right, [
    [0, C.cavityDeep, 0.95], [0.16, C.cavityDeep, 0.5], [0.34, C.skinDeep, middle],
    [0.66, C.skinDeep, middle], [0.84, C.cavityDeep, 0.5], [1, C.cavityDeep, 0.95],
  ]);
  ctx.fillRect(left[0] - 90 * unit, left[1] - 90 * unit, 220 * unit, 180 * unit);
  for (const [edge, share] of [[upperInner, 1], [lowerInner, 0.5]]) {
    for (const [width, alpha] of [[6, 0.12], [3.5, 0.16], [1.6, 0.25]]) {
      ctx.strokeStyle = rgba(C.cavityDeep, alpha);
      ctx.lineWidth = width * share * unit;
      ctx.beginPath();
      for (const [x, y] of edge) ctx.lineTo(x, y);
      ctx.stroke();
    }
  }
}

/** The tongue between the lips and, at 1, over the lower one. */
export function paintTongueOut(ctx, head, w, edges) {
  const out = smoothstep(0.15, 1, w("tongueOut"));
  if (out === 0) return;
  const mid = edges.upperInner.length >> 1;
  const [x0, lip] = edges.lowerInner[mid];
  const top = edges.upperInner[mid][1];
  const tip = lip + 26 * out;
  const wide = 11 + 3 * out;
  const at = (x, y) => head.view.at(x0 + x, y, head.depth(0, 66) + 4 + 9 * out);
  const tone = ramp(ctx, at(0, top), at(0, tip), [[0, C.tongueDark], [0.35, C.tongue]]);
  shape(ctx, [
    at(-wide * 0.86, top), at(wide * 0.86, top), at(wide, (top + tip) / 2), at(wide * 0.72, tip - 2.5), at(0, tip),
    at(-wide * 0.72, tip - 2.5), at(-wide, (top + tip) / 2),
  ], tone);
  blob(ctx, at, [-3, tip - 8], [10, 8], C.tongueLight, 0.75 * out);
  const groove = [at(-0.5, top + 2), at(0.5, top + 2), at(0.9, tip - 12), at(0, tip - 8), at(-0.9, tip - 12)];
  shape(ctx, groove, rgba(C.tongueDark, 0.5 * out));
}
