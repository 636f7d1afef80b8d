/** The realistic head: the user's ICT-FaceKit, baked by the daemon, morphed by the weights and drawn with WebGL 2. */

import { readHead } from "./baked.js";
import { EYE } from "./eyes.js";
import { gazeOf, matrix, product } from "./gaze.js";
import { createAttribute, createProgram } from "./gl.js";
import { LASHES } from "./lashes.js";
import { createMorph } from "./morph.js";
import { MOUTH, TEETH } from "./mouth.js";
import { paint } from "./paint.js";
import { BACKGROUND, BACKGROUND_VERTEX, VERTEX } from "./shaders.js";
import { SKIN } from "./skin.js";

const CAMERA = [0, 0.3, 78]; // cm
const LENS = 5.0; // 1 / tangent of half the vertical angle of view
const LIPS_PRESSED = 0.12;
const NO_TURN = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/**
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<{draw: (weights: Float32Array, pose: import("../frame.js").Pose) => void,
 *   resize: (width_px: number, height_px: number, pixel_ratio: number) => void, destroy: () => void}>}
 *   `draw` paints the whole picture at once: weights in the order of /names.js, 0..1.
 *   Rejects with an Error for the user where there is no head or no WebGL 2.
 */
export async function createFace(canvas) {
  const head = readHead(await fetchHead());
  const gl = canvas.getContext("webgl2", { antialias: true, alpha: false, preserveDrawingBuffer: true });
  if (!gl) {
    throw new Error("this browser has no WebGL 2, which the realistic head needs: switch on hardware acceleration");
  }
  const morph = createMorph(head);
  const { tint, strands } = paint(head);
  const array = gl.createVertexArray();
  gl.bindVertexArray(array);
  const setPosition = createAttribute(gl, 0, 3, morph.position);
  const setNormal = createAttribute(gl, 1, 3, morph.normal);
  createAttribute(gl, 2, 3, head.position);
  createAttribute(gl, 3, 4, tint);
  createAttribute(gl, 4, 2, head.light);
  createAttribute(gl, 5, 4, strands);
  gl.bindBuffer(gl.ELEMENT_ARRAY_BUFFER, gl.createBuffer());
  gl.bufferData(gl.ELEMENT_ARRAY_BUFFER, head.index, gl.STATIC_DRAW);
  const parts = [
    ["skin", createProgram(gl, VERTEX, SKIN)],
    ["mouth", createProgram(gl, VERTEX, MOUTH)],
    ["teeth", createProgram(gl, VERTEX, TEETH)],
  ];
  const eyes = createProgram(gl, VERTEX, EYE);
  const lashes = createProgram(gl, VERTEX, LASHES);
  const background = createProgram(gl, BACKGROUND_VERTEX, BACKGROUND);
  const weightOf = Object.fromEntries(head.names.map((name, index) => [name, index]));

  function drawPart(name, program, uniforms) {
    const [first, count] = head.parts[name];
    program.use();
    program.set(uniforms);
    gl.drawElements(gl.TRIANGLES, count, gl.UNSIGNED_SHORT, 2 * first);
  }

  function draw(weights, pose) {
    // The kit's mouthClose lifts the lip by as much as jawOpen lowers it; more than that would push it over the nose.
    const shown = Float32Array.from(weights);
    shown[weightOf.mouthClose] = Math.min(shown[weightOf.mouthClose], shown[weightOf.jawOpen] + LIPS_PRESSED);
    if (morph.to(shown)) {
      setPosition(morph.position);
      setNormal(morph.normal);
    }
    const width = gl.drawingBufferWidth, height = gl.drawingBufferHeight;
    const lens = LENS * Math.min(1, width / height / 0.85);
    const turn = matrix(pose.yaw, pose.pitch, pose.roll);
    const scene = {
      camera: CAMERA, lens: [lens * height / width, lens], size: [width, height],
      turn, shift: [pose.x, pose.y, pose.z].map((metres) => 100 * metres), open: openness(head, morph.position),
    };
    const still = { ...scene, eye: [0, 0, 0], gaze: NO_TURN };
    gl.viewport(0, 0, width, height);
    gl.enable(gl.DEPTH_TEST);
    gl.clear(gl.DEPTH_BUFFER_BIT);
    background.use();
    background.set({ size: scene.size });
    gl.drawArrays(gl.TRIANGLES, 0, 3);
    for (const [name, program] of parts) {
      drawPart(name, program, still);
    }
    ["Right", "Left"].forEach((side, i) => {
      const { yaw, pitch } = gazeOf((name) => weights[weightOf[name + side]], side);
      const gaze = matrix(yaw, pitch, 0);
      const [lower, upper] = i === 0 ? [40, 38] : [47, 43];
      const lids = [lower, upper].map((landmark) => morph.position[3 * head.landmarks[landmark] + 1]);
      const turned = product(turn, gaze);
      drawPart(`eye_${side.toLowerCase()}`, eyes, { ...scene, eye: head.eyes[i], gaze, turned, lids });
    });
    gl.enable(gl.BLEND);
    gl.blendFunc(gl.SRC_ALPHA, gl.ONE_MINUS_SRC_ALPHA);
    gl.depthMask(false);
    drawPart("lashes", lashes, still);
    gl.depthMask(true);
    gl.disable(gl.BLEND);
  }

  function resize(width_px, height_px, pixel_ratio) {
    canvas.width = Math.round(width_px * pixel_ratio);
    canvas.height = Math.round(height_px * pixel_ratio);
  }

  function destroy() {
    gl.getExtension("WEBGL_lose_context")?.loseContext();
  }

  return { draw, resize, destroy };
}

/** How far the lips are apart in the middle, 0 to 1 for a centimetre and more. */
function openness(head, position) {
  const [upper, lower] = [62, 66].map((landmark) => position[3 * head.landmarks[landmark] + 1]);
  return Math.max(0, Math.min(1, (upper - lower - 0.1) / 0.9));
}

async function fetchHead() {
  const token = new URLSearchParams(location.search).get("token");
  const response = await fetch("/head.bin" + (token ? `?token=${encodeURIComponent(token)}` : ""));
  if (!response.ok) {
    throw new Error(`no realistic head: ${(await response.text()).slice(0, 300) || `status ${response.status}`}`);
  }
  return response.arrayBuffer();
}
