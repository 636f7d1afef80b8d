const DISTANCE = 620; // of the camera, in head units
const PIVOT = { y: 66, z: -4 }; // where the head sits on the neck
const TURN = 0.8; // the drawn head turns a little less, which keeps the far eye on the face
const FRAME = 350; // head units in the shorter side of the canvas

/**
 * Projects head units (about a millimetre; x to the viewer's right, y down, z towards the viewer, the origin between
 * the eyes in the middle of the skull) onto the canvas.
 *
 * @param {{yaw: number, pitch: number, roll: number}} pose radians
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

  const still = (x, y, z = 0) => {
    const near = (unit * DISTANCE) / (DISTANCE - z);
    return [left + x * near, top + y * near];
  };

  // After yaw: pitch, then roll about the pivot.
  const nod = (x, y, z) => {
    const up = y - PIVOT.y;
    const deep = z - PIVOT.z;
    const y1 = up * cp - deep * sp;
    const z1 = up * sp + deep * cp;
    return still(x * cr - y1 * sr, x * sr + y1 * cr + PIVOT.y, z1 + PIVOT.z);
  };

  return {
    unit,
    pose,
    /** A point that does not move with the head. */
    still,
    /** A point of the head. */
    at: (x, y, z) => nod(x * cy + (z - PIVOT.z) * sy, y, -x * sy + (z - PIVOT.z) * cy + PIVOT.z),
    /** Where a horizontal ellipse with its centre at (x, y, z) seems to end on one side (-1: the viewer's left, 1). */
    rim: (side, halfWidth, halfDepth, x, y, z) => {
      const reach = side * Math.hypot(halfWidth * cy, halfDepth * sy);
      return nod(x + reach + (z - PIVOT.z) * sy, y, (z - PIVOT.z) * cy + PIVOT.z);
    },
  };
}
