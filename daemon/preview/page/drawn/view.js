const DISTANCE = 620; // of the camera, in head units
const PIVOT = { y: 66, z: -4 }; // where the head sits on the neck
const TURN = 0.8; // the drawn head turns a little less, which keeps the far eye on the face
const FRAME = 350; // head units in the shorter side of the canvas
const UNITS_PER_METRE = 1000;

/**
 * Projects head units (about a millimetre; x to the viewer's right, y down, z towards the viewer, the origin between
 * the eyes in the middle of the skull) onto the canvas.
 *
 * @param {import("../frame.js").Pose} pose
 * @param {number} width px
 * @param {number} height px
 */
export function makeView(pose, width, height) {
  const unit = Math.min(width, height) / FRAME;
  const left = width / 2;
  const top = height * 0.5 - 20 * unit;
  const [sy, cy] = [Math.sin(TURN * pose.yaw), Math.cos(TURN * pose.yaw)];
  const [sp, cp] = [Math.sin(pose.pitch), Math.cos(pose.pitch)];
  const [sr, cr] = [Math.sin(pose.roll), Math.cos(pose.roll)];
  const [right, up, near] = [pose.x, pose.y, pose.z].map((metres) => metres * UNITS_PER_METRE);

  const still = (x, y, z = 0) => {
    const scale = (unit * DISTANCE) / (DISTANCE - z);
    return [left + x * scale, top + y * scale];
  };

  // After yaw: pitch, then roll about the pivot, then the shift.
  const nod = (x, y, z) => {
    const below = y - PIVOT.y;
    const deep = z - PIVOT.z;
    const y1 = below * cp - deep * sp;
    const z1 = below * sp + deep * cp;
    return still(x * cr - y1 * sr + right, x * sr + y1 * cr + PIVOT.y - up, z1 + PIVOT.z + near);
  };
  const at = (x, y, z) => nod(x * cy + (z - PIVOT.z) * sy, y, -x * sy + (z - PIVOT.z) * cy + PIVOT.z);

  return {
    unit,
    pose,
    /** A point that does not move with the head. */
    still,
    /** A point of the head. */
    at,
    /** A point of the neck, which follows the head by a share: 0 still, 1 with it. */
    neck: (x, y, z, share) => {
      const [there, here] = [at(x, y, z), still(x, y, z)];
      return here.map((value, i) => value + share * (there[i] - value));
    },
    /** Where a horizontal ellipse with its centre at (x, y, z) seems to end on one side (-1: the viewer's left, 1). */
    rim: (side, halfWidth, halfDepth, x, y, z) => {
      const reach = side * Math.hypot(halfWidth * cy, halfDepth * sy);
      return nod(x + reach + (z - PIVOT.z) * sy, y, (z - PIVOT.z) * cy + PIVOT.z);
    },
  };
}
