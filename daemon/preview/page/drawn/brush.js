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
    const [[ax, ay], [bx, by], [cx, cy], [dx, dy]] = [get(i - 1), get(i), get(i + 1), get(i + 2)];
    ctx.bezierCurveTo(bx + (cx - ax) / 6, by + (cy - ay) / 6, cx - (dx - bx) / 6, cy - (dy - by) / 6, cx, cy);
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

/** A linear gradient between two points (px); stops: [offset, colour, alpha or 1]. */
export function ramp(ctx, from, to, stops) {
  const gradient = ctx.createLinearGradient(...from, ...to);
  for (const [offset, colour, alpha] of stops) gradient.addColorStop(offset, rgba(colour, alpha));
  return gradient;
}

/**
 * Runs `paint` where (0, 0) is at `centre` and (1, 0), (0, 1) at `across` and `down` (px): what it paints round is an
 * ellipse on the canvas.
 */
export function within(ctx, centre, across, down, paint) {
  ctx.save();
  ctx.transform(
    across[0] - centre[0], across[1] - centre[1], down[0] - centre[0], down[1] - centre[1], centre[0], centre[1],
  );
  paint();
  ctx.restore();
}

/** A soft spot at [x, y, lift], `reach` [x, y] to its edge, put onto the canvas by `at(x, y, lift)`. */
export function blob(ctx, at, [x, y, lift = 0], [reachX, reachY], colour, alpha) {
  if (alpha < 0.004) return;
  within(ctx, at(x, y, lift), at(x + reachX, y, lift), at(x, y + reachY, lift), () => {
    const gradient = ctx.createRadialGradient(0, 0, 0, 0, 0, 1);
    for (const [offset, part] of [[0, 1], [0.25, 0.86], [0.5, 0.5], [0.75, 0.15], [1, 0]]) {
      gradient.addColorStop(offset, rgba(colour, alpha * part));
    }
    ctx.fillStyle = gradient;
    ctx.fillRect(-1, -1, 2, 2);
  });
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

/** A soft fold of the skin through a few points (px), thin at both ends; width in px. */
export function crease(ctx, points, width, colour, alpha) {
  if (alpha < 0.01) return;
  const line = sampled(points);
  const taper = (t) => Math.sin(Math.PI * t) ** 0.8;
  for (const [wider, part] of [[3.4, 0.2], [2.1, 0.26], [1, 0.34]]) {
    ribbon(ctx, line, (t) => width * wider * taper(t), rgba(colour, alpha * part));
  }
}
