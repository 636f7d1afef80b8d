/** "rgba(…)" of a colour [r, g, b] (0..255). */
export function rgba([r, g, b], alpha = 1) {
  return `rgba(${r},${g},${b},${Math.min(1, Math.max(0, alpha)).toFixed(3)})`;
}

/** The colour between two. */
export function blend(a, b, t) {
  return a.map((value, i) => Math.round(value + (b[i] - value) * t));
}

/** Starts a path of smooth curves (Catmull-Rom) through the points ([x, y] px). */
export function trace(ctx, points, closed = true) {
  const n = points.length;
  const get = (i) => (closed ? points[(i + n) % n] : points[Math.min(n - 1, Math.max(0, i))]);
  ctx.beginPath();
  ctx.moveTo(...points[0]);
  for (let i = 0; i < (closed ? n : n - 1); i++) {
    const [a, b, c, d] = [get(i - 1), get(i), get(i + 1), get(i + 2)];
    ctx.bezierCurveTo(
      b[0] + (c[0] - a[0]) / 6, b[1] + (c[1] - a[1]) / 6, c[0] - (d[0] - b[0]) / 6, c[1] - (d[1] - b[1]) / 6, c[0], c[1],
    );
  }
  if (closed) ctx.closePath();
}

/** Starts a closed path of straight lines through densely sampled points. */
export function polygon(ctx, points) {
  ctx.beginPath();
  for (const [x, y] of points) ctx.lineTo(x, y);
  ctx.closePath();
}

/** Fills smooth curves through a few points. */
export function shape(ctx, points, style) {
  trace(ctx, points);
  ctx.fillStyle = style;
  ctx.fill();
}

/** A linear gradient between two points; stops: [offset, style] pairs. */
export function ramp(ctx, from, to, stops) {
  const gradient = ctx.createLinearGradient(...from, ...to);
  for (const [offset, style] of stops) gradient.addColorStop(offset, style);
  return gradient;
}

/** A soft spot: an ellipse around `centre` that ends at the points `across` and `down` and fades to its edge. */
export function blob(ctx, centre, across, down, colour, alpha) {
  if (alpha < 0.004) return;
  ctx.save();
  ctx.transform(
    across[0] - centre[0], across[1] - centre[1], down[0] - centre[0], down[1] - centre[1], centre[0], centre[1],
  );
  const gradient = ctx.createRadialGradient(0, 0, 0, 0, 0, 1);
  for (const [offset, part] of [[0, 1], [0.25, 0.86], [0.5, 0.5], [0.75, 0.15], [1, 0]]) {
    gradient.addColorStop(offset, rgba(colour, alpha * part));
  }
  ctx.fillStyle = gradient;
  ctx.fillRect(-1, -1, 2, 2);
  ctx.restore();
}

/** The points through which a smooth curve through `points` goes, `steps` per part. */
export function sampled(points, steps = 6) {
  const last = points.length - 1;
  const result = [];
  for (let i = 0; i < last; i++) {
    const [a, b, c, d] = [points[Math.max(0, i - 1)], points[i], points[i + 1], points[Math.min(last, i + 2)]];
    for (let k = 0; k < steps; k++) {
      const t = k / steps;
      result.push(b.map((_, j) => 0.5 * (
        2 * b[j] + (c[j] - a[j]) * t + (2 * a[j] - 5 * b[j] + 4 * c[j] - d[j]) * t * t
        + (3 * b[j] - a[j] - 3 * c[j] + d[j]) * t * t * t
      )));
    }
  }
  result.push(points[last]);
  return result;
}

/** Fills a line that is `width(t)` px thick at the share t (0..1) of its points. */
export function ribbon(ctx, points, width, style) {
  const last = points.length - 1;
  const sides = points.map((point, i) => {
    const [x0, y0] = points[Math.max(0, i - 1)];
    const [x1, y1] = points[Math.min(last, i + 1)];
    const length = Math.hypot(x1 - x0, y1 - y0) || 1;
    const half = width(i / last) / 2;
    return [point, [(-(y1 - y0) / length) * half, ((x1 - x0) / length) * half]];
  });
  polygon(ctx, [
    ...sides.map(([[x, y], [dx, dy]]) => [x + dx, y + dy]),
    ...sides.reverse().map(([[x, y], [dx, dy]]) => [x - dx, y - dy]),
  ]);
  ctx.fillStyle = style;
  ctx.fill();
}

/** A soft fold of the skin through a few points, thin at both ends; width in px. */
export function crease(ctx, points, width, colour, alpha) {
  if (alpha < 0.01) return;
  const line = sampled(points);
  for (const [wider, part] of [[3.4, 0.2], [2.1, 0.26], [1, 0.34]]) {
    ribbon(ctx, line, (t) => width * wider * Math.sin(Math.PI * Math.min(1, t * 1.02)) ** 0.8, rgba(colour, alpha * part));
  }
}
