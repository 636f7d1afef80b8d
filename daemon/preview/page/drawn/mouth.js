import { blend, blob, crease, polygon, ramp, ribbon, rgba } from "./brush.js";
import { COLOURS as C } from "./colours.js";
import { paintInside, paintTongueOut } from "./inside.js";
import { lipEdges } from "./lips.js";
import { smoothstep } from "./weights.js";

/** Lips move by their own rule, not with the jaw: their depth is that of the skin behind them. */
function project(head, points, forward) {
  return points.map(([x, y, lift]) => head.view.at(x, y, head.depth(x, Math.min(y, 80)) + lift + forward));
}

/** The point at share t from the inner to the outer edge, in the middle of a lip (px). */
function across(inner, outer, i) {
  const [[x0, y0], [x1, y1]] = [inner[i], outer[i]];
  return (t) => [x0 + (x1 - x0) * t, y0 + (y1 - y0) * t];
}

function paintLip(ctx, inner, outer, colour, unit) {
  const through = across(inner, outer, inner.length >> 1);
  const style = ramp(ctx, through(0), through(1), [
    [0, blend(colour, C.lipLine, 0.22)], [0.45, colour], [1, blend(colour, C.skinShade, 0.25)],
  ]);
  polygon(ctx, [...outer, ...[...inner].reverse()]);
  ctx.fillStyle = style;
  ctx.fill();
  ctx.strokeStyle = style; // rounds the corners
  ctx.lineWidth = 0.7 * unit;
  ctx.stroke();
}

/** Light on a lip, `t` of the way out, a little to the left. */
function paintShine(ctx, inner, outer, t, [reachX, reachY], alpha) {
  const through = across(inner, outer, inner.length >> 1);
  const width = outer.at(-1)[0] - outer[0][0];
  const centre = through(t);
  const high = Math.abs(through(1)[1] - through(0)[1]);
  const from = (x, y) => [centre[0] + x * width, centre[1] + y * high];
  blob(ctx, from, [-0.04, 0], [reachX, reachY], C.lipLight, alpha);
}

/** Fine upright lines of pursed lips. */
function paintPurse(ctx, inner, outer, unit, alpha) {
  for (let i = 5; i <= outer.length - 6; i += 2) {
    const through = across(inner, outer, i);
    crease(ctx, [through(0.02), through(0.35), through(0.7)], 0.7 * unit, C.lipLine, alpha);
  }
}

/** The skin above and below the lips. */
function paintAround(ctx, upperOuter, lowerOuter, unit, m) {
  const mid = upperOuter.length >> 1;
  const [top, bottom] = [upperOuter[mid], lowerOuter[mid]];
  const above = (x, y) => [top[0] + x * unit, top[1] + y * unit];
  const below = (x, y) => [bottom[0] + x * unit, bottom[1] + y * unit];
  blob(ctx, above, [0, -5], [3.2, 6], C.skinDeep, 0.2);
  const stands = 0.3 + 0.2 * m.round + 0.25 * m.shrugLower + 0.25 * m.jawForward - 0.2 * m.rollLower;
  blob(ctx, below, [1, 4.5], [17, 7.5], C.skinDeep, stands);
}

/** Lips, teeth, tongue and the skin right around them. */
export function paintMouth(ctx, head, w) {
  const { unit } = head;
  const edges = lipEdges(w);
  const m = edges.summary;
  const upperOuter = project(head, edges.upperOuter, 0);
  const upperInner = project(head, edges.upperInner, 0);
  const lowerInner = project(head, edges.lowerInner, 0.3 * head.jaw.forward);
  const lowerOuter = project(head, edges.lowerOuter, 0.3 * head.jaw.forward);
  const press = (w("mouthPress", 0) + m.tight) / 2;

  paintAround(ctx, upperOuter, lowerOuter, unit, m);
  paintInside(ctx, head, w, edges, upperInner, lowerInner);
  paintLip(ctx, lowerInner, lowerOuter, C.lip, unit);
  paintShine(ctx, lowerInner, lowerOuter, 0.42, [0.28, 0.55], 0.75 * (1 - m.rollLower) * (1 - 0.5 * press));
  paintTongueOut(ctx, head, w, edges);
  paintLip(ctx, upperInner, upperOuter, blend(C.lipUpper, C.lip, 0.9 * m.round), unit);
  paintShine(ctx, upperInner, upperOuter, 0.7, [0.22, 0.5], 0.25 * (1 - m.rollUpper));
  paintPurse(ctx, upperInner, upperOuter, unit, 0.32 * m.pucker);
  paintPurse(ctx, lowerInner, lowerOuter, unit, 0.32 * m.pucker);

  const shut = smoothstep(3, 0.4, edges.gap);
  const line = upperInner.map(([x, y], i) => [(x + lowerInner[i][0]) / 2, (y + lowerInner[i][1]) / 2]);
  const width = (t) => (0.5 + (1.1 + 0.5 * press) * Math.sin(Math.PI * t) ** 0.5) * unit;
  ribbon(ctx, line, width, rgba(C.lipLine, 0.9 * shut));
}
