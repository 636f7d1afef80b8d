import { blend, blob, crease, polygon, ramp, ribbon, rgba } from "./brush.js";
import { COLOURS as C } from "./colours.js";
import { paintInside, paintTongueOut } from "./inside.js";
import { lipEdges } from "./lips.js";
import { smoothstep } from "./weights.js";

/** Lips move by their own rule, not with the jaw: the depth is that of the skin behind them. */
function project(head, points, jaw) {
  return points.map(([x, y, lift]) => head.view.at(x, y, head.depth(x, Math.min(y, 84)) + lift + jaw));
}

function paintLip(ctx, outer, inner, colours, unit) {
  const mid = Math.floor(outer.length / 2);
  const style = ramp(ctx, outer[mid], inner[mid], [[0, rgba(colours[0])], [0.55, rgba(colours[1])], [1, rgba(colours[2])]]);
  polygon(ctx, [...outer, ...[...inner].reverse()]);
  ctx.fillStyle = style;
  ctx.fill();
  ctx.strokeStyle = style; // closes the seam to the neighbour and rounds the corners
  ctx.lineJoin = "round";
  ctx.lineWidth = 0.7 * unit;
  ctx.stroke();
}

/** Fine upright lines of pursed lips. */
function paintPurse(ctx, outer, inner, unit, alpha) {
  for (let i = 5; i <= outer.length - 6; i += 2) {
    const [from, to] = [inner[i], outer[i]];
    const at = (t) => [from[0] + (to[0] - from[0]) * t, from[1] + (to[1] - from[1]) * t];
    crease(ctx, [at(0.02), at(0.35), at(0.7)], 0.7 * unit, C.lipLine, alpha);
  }
}

/** Lips, teeth, tongue and the skin right around them. */
export function paintMouth(ctx, head, w) {
  const unit = head.unit;
  const edges = lipEdges(w);
  const m = edges.summary;
  const jaw = head.jaw.forward * 0.3;
  const upperOuter = project(head, edges.upperOuter, 0);
  const upperInner = project(head, edges.upperInner, 0);
  const lowerInner = project(head, edges.lowerInner, jaw);
  const lowerOuter = project(head, edges.lowerOuter, jaw);
  const mid = Math.floor(upperOuter.length / 2);
  const opening = [...upperInner, ...[...lowerInner].reverse()];

  paintInside(ctx, head, w, edges, opening);

  const upperTone = blend(C.lipUpper, C.lip, 0.6 * m.round);
  const press = (w("mouthPress", 0) + m.tight) / 2;
  paintLip(ctx, lowerOuter, lowerInner, [blend(C.lip, C.skinShade, 0.25), C.lip, blend(C.lip, C.lipLine, 0.22)], unit);
  const mouthWide = Math.hypot(upperInner.at(-1)[0] - upperInner[0][0], upperInner.at(-1)[1] - upperInner[0][1]);
  const [lo, li] = [lowerOuter[mid], lowerInner[mid]];
  const at = (t, dx = 0) => [li[0] + (lo[0] - li[0]) * t + dx, li[1] + (lo[1] - li[1]) * t];
  blob(ctx, at(0.42, -mouthWide * 0.04), at(0.42, mouthWide * 0.26), at(0.95, -mouthWide * 0.04), C.lipLight,
    0.75 * (1 - m.rollLower) * (1 - 0.5 * press));

  if (m.tongue > 0.02) paintTongueOut(ctx, head, w, edges);

  paintLip(ctx, upperOuter, upperInner, [blend(upperTone, C.lip, 0.6), upperTone, blend(upperTone, C.lipLine, 0.22)], unit);
  const [uo, ui] = [upperOuter[mid], upperInner[mid]];
  blob(ctx, [uo[0] - mouthWide * 0.12, uo[1] * 0.7 + ui[1] * 0.3], [uo[0] + mouthWide * 0.12, uo[1] * 0.7 + ui[1] * 0.3],
    [uo[0] - mouthWide * 0.12, ui[1]], C.lipLight, 0.25 * (1 - m.rollUpper));
  paintPurse(ctx, upperOuter, upperInner, unit, 0.32 * m.pucker);
  paintPurse(ctx, lowerOuter, lowerInner, unit, 0.32 * m.pucker);

  const shut = smoothstep(3, 0.4, edges.gap);
  const line = upperInner.map(([x, y], i) => [(x + lowerInner[i][0]) / 2, (y + lowerInner[i][1]) / 2]);
  ribbon(ctx, line, (t) => (0.5 + (1.1 + 0.5 * press) * Math.sin(Math.PI * t) ** 0.5) * unit, rgba(C.lipLine, 0.9 * shut));
}
