import { sampled } from "./brush.js";
import { hill, mix, smoothstep } from "./weights.js";

// The skull as horizontal ellipses from the crown to the chin: y, half width, half depth, centre depth.
const SECTIONS = sampled([
  [-118, 0, 0, -14], [-113, 34, 40, -14], [-96, 60, 62, -12], [-66, 75, 74, -10], [-33, 79, 76, -10],
  [-5, 78.5, 74, -9], [22, 76.5, 68, -5], [44, 71, 57, 5], [61, 61, 46, 15], [75, 48.5, 36, 25],
  [86, 34.5, 27, 33], [93.5, 20, 20, 39], [95.8, 6, 6, 44], [96, 0, 0, 45],
], 4);

const [TOP_Y, CHIN_Y] = [SECTIONS[0][0], SECTIONS.at(-1)[0]];

// The same, one row per head unit of height.
const ROWS = Array.from({ length: CHIN_Y - TOP_Y + 1 }, (_, row) => {
  const y = TOP_Y + row;
  const below = Math.max(1, SECTIONS.findIndex((section) => section[0] >= y));
  const [from, to] = [SECTIONS[below - 1], SECTIONS[below]];
  return from.map((value, k) => mix(value, to[k], (y - from[0]) / (to[0] - from[0])));
});

function depth(x, y) {
  const row = Math.min(ROWS.length - 1.001, Math.max(0, y - TOP_Y));
  const [above, below] = [ROWS[Math.floor(row)], ROWS[Math.floor(row) + 1]];
  const [halfWidth, halfDepth, centre] = [1, 2, 3].map((k) => mix(above[k], below[k], row % 1));
  const across = Math.min(0.98, Math.abs(x) / (halfWidth || 1));
  return centre + halfDepth * Math.sqrt(1 - across ** 2.3);
}

/** Where the jaw is, in head units: `drop` down, `shift` to the viewer's right, `forward` towards the viewer. */
function jawOf(w) {
  return {
    drop: 25 * w("jawOpen") + 4 * w("jawForward") - 4 * w("mouthShrugLower"),
    shift: 11 * (w("jawLeft") - w("jawRight")),
    forward: 12 * w("jawForward"),
  };
}

/** Where the face is wider than at rest on one side: [amount, height, reach up and down]. */
function bulges(w, side) {
  return [
    [12 * w("cheekPuff"), 56, 50],
    [3 * w("mouthSmile", side), 46, 28],
    [2.5 * w("cheekSquint", side), 30, 24],
    [2 * w("mouthStretch", side), 74, 22],
    [4 * w("jawForward"), 88, 26],
    [-4 * w("jawOpen"), 60, 36],
    [-3.5 * w("mouthPucker") - 1.5 * w("mouthFunnel"), 56, 28],
  ].filter(([amount]) => amount !== 0);
}

/**
 * The head of one frame: where its points are on the canvas.
 *
 * @param {ReturnType<import("./weights.js").reader>} w
 * @param {ReturnType<import("./view.js").makeView>} view
 */
export function makeHead(w, view) {
  const jaw = jawOf(w);
  const follows = (y) => smoothstep(20, 92, y);

  /** A point `lift` above the skin at (x, y) that stays with the skull. */
  const skull = (x, y, lift = 0) => view.at(x, y, depth(x, y) + lift);

  /** The same on the skin, which goes along with the jaw in the lower face. */
  const skin = (x, y, lift = 0) => {
    const part = follows(y);
    return view.at(x + jaw.shift * part, y + jaw.drop * part, depth(x, y) + lift + jaw.forward * part);
  };

  /** The outline of the face, from the crown down the viewer's left, round the chin and up again. */
  const outline = () => {
    const edge = (side) => {
      const wider = bulges(w, side);
      return SECTIONS.map(([y, halfWidth, halfDepth, centre]) => {
        const part = follows(y);
        const more = wider.reduce((sum, [amount, at, reach]) => sum + amount * hill(y, at, reach), 0);
        return view.rim(side, halfWidth + more * Math.min(1, halfWidth / 20), halfDepth,
          jaw.shift * part, y + jaw.drop * part, centre + jaw.forward * part);
      });
    };
    return [...edge(-1), ...edge(1).reverse()];
  };

  return { view, unit: view.unit, jaw, depth, skull, skin, outline };
}
