import { blob, polygon, ramp, rgba, shape, trace } from "./brush.js";
import { COLOURS as C } from "./colours.js";
import { LINE_Y } from "./lips.js";
import { smoothstep } from "./weights.js";

const UPPER_TEETH = [-29, -24.5, -19.5, -14.2, -8.6, 0, 8.6, 14.2, 19.5, 24.5, 29]; // their seams, head units
const LOWER_TEETH = [-25, -20.5, -15.7, -10.8, -5.4, 0, 5.4, 10.8, 15.7, 20.5, 25];

/** A row of teeth from their necks to their edges; `place(x, y)` puts it onto the canvas. */
function paintRow(ctx, seams, neck, edge, place) {
  const rise = Math.sign(neck - edge);
  const sag = (x) => edge + rise * 0.0035 * x * x;
  polygon(ctx, [place(seams[0], neck), ...seams.map((x) => place(x, sag(x) + rise * 1.2)), place(seams.at(-1), neck)]);
  ctx.fillStyle = rgba(C.toothShade);
  ctx.fill();
  for (let i = 1; i < seams.length; i++) {
    const [a, b] = [seams[i - 1], seams[i]];
    const canine = Math.abs(a + b) > 20 && Math.abs(a + b) < 36 ? -0.4 * rise : 0;
    const middle = (a + b) / 2;
    shape(ctx, [
      place(a + 0.15, neck), place(b - 0.15, neck), place(b - 0.2, sag(b) + rise * 1.6), place(b - 1.2, sag(b) + rise * 0.3),
      place(middle, sag(middle) + canine), place(a + 1.2, sag(a) + rise * 0.3), place(a + 0.2, sag(a) + rise * 1.6),
    ], rgba(C.tooth));
  }
}

/** Everything behind the lips, clipped to the opening between them (px). */
export function paintInside(ctx, head, w, edges, opening) {
  const { view, unit, jaw } = head;
  if (edges.gap < 0.3) return;
  const y0 = LINE_Y;
  const bend = (x) => 58 - 0.022 * x * x; // the rows are arches
  const upper = (x, y) => view.at(x, y, bend(x));
  const lower = (x, y) => view.at(x + jaw.shift * 0.85, y + jaw.drop * 0.86, bend(x) - 2 + jaw.forward * 0.8);
  ctx.save();
  polygon(ctx, opening);
  ctx.fillStyle = ramp(ctx, upper(0, y0 - 8), upper(0, y0 + jaw.drop + 12), [[0, rgba(C.cavityDeep)], [0.35, rgba(C.cavityDeep)], [1, rgba(C.cavity)]]);
  ctx.fill();
  ctx.clip();

  const raised = 6 * w("tongueOut");
  const tongueY = y0 + 6 + jaw.drop * 0.86 - raised;
  shape(ctx, [lower(-18, y0 + 12 - raised), lower(-14, y0 + 0.5 - raised), lower(-5, y0 - 4 - raised),
    lower(5, y0 - 4 - raised), lower(14, y0 + 0.5 - raised), lower(18, y0 + 12 - raised), lower(0, y0 + 30)],
    ramp(ctx, view.at(0, tongueY - 12, 60), view.at(0, tongueY + 8, 60), [[0, rgba(C.tongueDark)], [0.7, rgba(C.tongue)], [1, rgba(C.tongue)]]));
  blob(ctx, lower(-3, y0 + 1.5 - raised), lower(9, y0 + 1.5 - raised), lower(-3, y0 + 6 - raised), C.tongueLight, 0.5);

  shape(ctx, [lower(-30, y0 + 20), lower(-20, y0 + 14), lower(0, y0 + 12.5), lower(20, y0 + 14), lower(30, y0 + 20), lower(0, y0 + 44)], rgba(C.gum));
  paintRow(ctx, LOWER_TEETH, y0 + 12, y0 + 1.5, lower);
  shape(ctx, [upper(-32, y0 - 6), upper(-16, y0 - 3.5), upper(0, y0 - 4.5), upper(16, y0 - 3.5), upper(32, y0 - 6), upper(0, y0 - 30)], rgba(C.gum));
  paintRow(ctx, UPPER_TEETH, y0 - 6, y0 + 5.5, upper);

  shadeInside(ctx, opening, unit);
  ctx.restore();
}

/** The lips' shadow on what is behind them: dark at the corners, soft below the upper lip. */
function shadeInside(ctx, opening, unit) {
  const half = opening.length / 2;
  const [left, right] = [opening[0], opening[half - 1]];
  ctx.fillStyle = ramp(ctx, left, right, [
    [0, rgba(C.cavityDeep, 0.95)], [0.16, rgba(C.cavityDeep, 0.5)], [0.34, rgba(C.cavityDeep, 0.06)],
    [0.66, rgba(C.cavityDeep, 0.06)], [0.84, rgba(C.cavityDeep, 0.5)], [1, rgba(C.cavityDeep, 0.95)],
  ]);
  ctx.fillRect(left[0] - 90 * unit, left[1] - 90 * unit, 220 * unit, 180 * unit);
  for (const [width, alpha] of [[6, 0.12], [3.5, 0.16], [1.6, 0.25]]) {
    ctx.strokeStyle = rgba(C.cavityDeep, alpha);
    ctx.lineWidth = width * unit;
    trace(ctx, opening.slice(0, half), false);
    ctx.stroke();
    trace(ctx, opening.slice(half), false);
    ctx.lineWidth = width * 0.5 * unit;
    ctx.stroke();
  }
}

/** The tongue between the lips and, at 1, over the lower one. */
export function paintTongueOut(ctx, head, w, edges) {
  const out = smoothstep(0.15, 1, w("tongueOut"));
  if (out === 0) return;
  const { view } = head;
  const mid = Math.floor(edges.upperInner.length / 2);
  const top = edges.upperInner[mid][1];
  const tip = edges.lowerInner[mid][1] + 26 * out;
  const x0 = edges.lowerInner[mid][0];
  const at = (x, y) => view.at(x0 + x, y, head.depth(0, 70) + 4 + 9 * out);
  const wide = 11 + 3 * out;
  const waist = (tip - top) * 0.55;
  shape(ctx, [at(-wide * 0.86, top), at(wide * 0.86, top), at(wide, top + waist), at(wide * 0.72, tip - 2.5), at(0, tip),
    at(-wide * 0.72, tip - 2.5), at(-wide, top + waist)],
    ramp(ctx, at(0, top), at(0, tip), [[0, rgba(C.tongueDark)], [0.35, rgba(C.tongue)], [1, rgba(C.tongue)]]));
  blob(ctx, at(-3, tip - 8), at(7, tip - 8), at(-3, tip), C.tongueLight, 0.75 * out);
  shape(ctx, [at(-0.5, top + 2), at(0.5, top + 2), at(0.9, tip - 12), at(0, tip - 8), at(-0.9, tip - 12)], rgba(C.tongueDark, 0.5 * out));
}
