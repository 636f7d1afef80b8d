import { sampled } from "./brush.js";
import { hill, smoothstep } from "./weights.js";

// The skull as horizontal ellipses from the crown to the chin: y, half width, half depth, centre depth.
const SECTIONS = sampled([
  [-118, 0, 0, -14], [-113, 34, 40, -14], [-96, 60, 62, -12], [-66, 75, 74, -10], [-33, 79, 76, -10],
  [-5, 78.5, 74, -9], [22, 76.5, 68, -5], [44, 71, 57, 5], [61, 61, 46, 15], [75, 48.5, 36, 25],
  [86, 34.5, 27, 33], [93.5, 20, 20, 39], [96, 0, 0, 45],
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
  return 12 * w("cheekPuff") * hill(y, 56, 50) + 3 * w("mouthSmile", side) * hill(y, 46, 28)
    + 2.5 * w("cheekSquint", side) * hill(y, 30, 24) + 4 * w("jawForward") * hill(y, 88, 26)
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
    const edge = (side) => SECTIONS.map(([y, halfWidth, halfDepth, centre]) => {
      const part = follows(y);
      const bulge = wider(w, y, side) * Math.min(1, halfWidth / 20);
      return view.rim(side, halfWidth + bulge, halfDepth, jaw.shift * part, y + jaw.drop * part, centre + jaw.forward * part);
    });
    return [...edge(-1), ...edge(1).reverse()];
  };

  return { view, unit: view.unit, jaw, depth, skull, skin, outline };
}
