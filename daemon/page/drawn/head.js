import { sampled } from "./brush.js";
import { hill, smoothstep } from "./weights.js";

// The skull as horizontal ellipses from the crown to the chin: y, half width, half depth, centre depth.
const SECTIONS = sampled([
  [-120, 0, 0, -16], [-115, 32, 44, -16], [-98, 58, 72, -14], [-68, 73, 86, -11], [-35, 77, 87, -10],
  [-5, 76, 84, -9], [22, 73.5, 76, -3], [44, 68.5, 65, 8], [62, 60, 53, 21], [78, 48, 42, 33],
  [91, 34.5, 31, 43], [99.5, 20, 24, 50], [102.5, 0, 0, 57],
], 4);

function sectionAt(y) {
  let i = 1;
  while (i < SECTIONS.length - 1 && SECTIONS[i][0] < y) i++;
  const [above, below] = [SECTIONS[i - 1], SECTIONS[i]];
  const t = Math.min(1, Math.max(0, (y - above[0]) / (below[0] - above[0] || 1)));
  return above.map((value, k) => value + (below[k] - value) * t);
}

function depth(x, y) {
  const [, halfWidth, halfDepth, centre] = sectionAt(y);
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

/** How much wider than at rest the face is at height y on one side. */
function wider(w, y, side) {
  return 11 * w("cheekPuff") * hill(y, 60, 34) + 3 * w("mouthSmile", side) * hill(y, 46, 28)
    + 2.5 * w("cheekSquint", side) * hill(y, 30, 24) + 4 * w("jawForward") * hill(y, 92, 26)
    - 4 * w("jawOpen") * hill(y, 62, 36) - 3.5 * w("mouthPucker") * hill(y, 58, 28)
    - 1.5 * w("mouthFunnel") * hill(y, 58, 28) + 2 * w("mouthStretch", side) * hill(y, 76, 22);
}

/**
 * The head of one frame: where its points are on the canvas.
 *
 * @param {ReturnType<import("./weights.js").reader>} w
 * @param {ReturnType<import("./view.js").makeView>} view
 */
export function makeHead(w, view) {
  const jaw = jawOf(w);
  const follows = (y) => smoothstep(12, 96, y);

  /** A point `lift` above the skin at (x, y) of the face at rest; the lower face goes along with the jaw. */
  const skin = (x, y, lift = 0) => {
    const part = follows(y);
    return view.at(x + jaw.shift * part, y + jaw.drop * part, depth(x, y) + lift + jaw.forward * part);
  };

  /** The outline of the face, from the crown down the viewer's left, round the chin and up again. */
  const outline = () => {
    const edge = (side) => SECTIONS.map(([y, halfWidth, halfDepth, centre]) => {
      const part = follows(y);
      const bulge = wider(w, y, side) * Math.min(1, halfWidth / 20);
      return view.rim(side, halfWidth + bulge, halfDepth, jaw.shift * part, y + jaw.drop * part, centre + jaw.forward * part);
    });
    return [...edge(-1), ...edge(1).reverse()];
  };

  return { view, unit: view.unit, jaw, depth, skin, outline };
}
