/**
 * A frame of the face: a Float32Array of 62 numbers, the 52 weights in the order of NAMES, then the pose.
 *
 * The pose is head yaw, pitch, roll (degrees), x, y, z (metres), left eye yaw, pitch, right eye yaw, pitch (degrees),
 * with the face's own signs: yaw > 0 to its right, pitch > 0 down, roll > 0 onto its right shoulder, x > 0 to its
 * right, y > 0 up, z > 0 forward. The faces turn their eyes by the eyeLook shapes.
 */

export const SHAPES = 52;
export const NUMBERS = 62;
const HEAD = SHAPES;
const RADIANS = Math.PI / 180;

/**
 * How a head is turned and shifted, as faces draw it and as the viewer sees it.
 *
 * @typedef {object} Pose
 * @property {number} yaw radians, > 0 to the viewer's right
 * @property {number} pitch radians, > 0 up
 * @property {number} roll radians, > 0 tilts to the viewer's right
 * @property {number} x metres to the viewer's right
 * @property {number} y metres up
 * @property {number} z metres towards the viewer
 */

/** Frames that came as text. @param {string} base64 of little-endian float32 (n, 62) @returns {Float32Array} */
export function decoded(base64) {
  return new Float32Array(Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0)).buffer);
}

/** A head that faces forward. @returns {Pose} */
export const straight = () => ({ yaw: 0, pitch: 0, roll: 0, x: 0, y: 0, z: 0 });

/** The weights of a frame. @param {Float32Array} frame @returns {Float32Array} a view of it */
export const weightsOf = (frame) => frame.subarray(0, SHAPES);

/**
 * The pose of a frame, seen by a viewer who has turned the head besides.
 * @param {ArrayLike<number>} frame @param {Pose} [turned]
 * @returns {Pose}
 */
export function poseOf(frame, turned = straight()) {
  const [yaw, pitch, roll, x, y, z] = Array.from({ length: 6 }, (_, i) => frame[HEAD + i]);
  return {
    yaw: turned.yaw - RADIANS * yaw,
    pitch: turned.pitch - RADIANS * pitch,
    roll: turned.roll - RADIANS * roll,
    x: turned.x - x,
    y: turned.y + y,
    z: turned.z + z,
  };
}
