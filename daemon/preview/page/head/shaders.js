/** GLSL that all parts of the head share: where a vertex goes, and the light. */

/** A colour as we see it, 0..1 each, as GLSL of its light: the picture's curve is a square root. */
export const seen = (...colour) => `vec3(${colour.map((value) => (value * value).toFixed(4)).join(", ")})`;

export const VERTEX = `#version 300 es
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec3 rest;
layout(location = 3) in vec4 tint;
layout(location = 4) in vec2 light;
layout(location = 5) in vec4 strands;
uniform mat3 turn;   // of the head
uniform vec3 shift;  // of the head, cm
uniform vec3 camera;
uniform vec2 lens;
uniform vec3 eye;    // centre that gaze turns about
uniform mat3 gaze;
centroid out vec3 vPosition, vNormal, vRest, vPlaced;
centroid out vec4 vTint;
centroid out vec2 vLight, vStrands;
const vec3 PIVOT = vec3(0.0, -6.0, -0.5);

void main() {
  float share = smoothstep(-15.0, -6.5, rest.y + 0.4 * max(rest.z - 3.0, 0.0));  // the neck follows, shoulders stay
  mat3 turned = mat3(1.0) * (1.0 - share) + turn * share;
  vPlaced = eye + gaze * (position - eye);
  vPosition = PIVOT + turned * (vPlaced - PIVOT) + share * shift;
  vNormal = turned * gaze * normalize(normal);
  vRest = rest;
  vTint = tint;
  vLight = light;
  vStrands = strands.xy / 100.0;
  vec3 seen = vPosition - camera;
  gl_Position = vec4(seen.xy * lens, -seen.z * 1.05 - 21.0, -seen.z);
}
`;

export const FRAGMENT = `#version 300 es
precision highp float;
precision highp int;
centroid in vec3 vPosition, vNormal, vRest, vPlaced;
centroid in vec4 vTint;
centroid in vec2 vLight, vStrands;
uniform vec3 camera;
uniform vec2 size;      // of the picture, pixels
uniform float open;     // the mouth, 0..1
out vec4 colour;

const vec3 KEY = normalize(vec3(-0.62, 0.55, 0.72)), KEY_COLOUR = vec3(1.0, 0.91, 0.80) * 1.05;
const vec3 FILL = normalize(vec3(0.85, 0.12, 0.6)), FILL_COLOUR = vec3(0.62, 0.76, 1.0) * 0.16;
const vec3 RIM = normalize(vec3(0.75, 0.45, -0.62)), RIM_COLOUR = vec3(0.7, 0.82, 1.0) * 1.3;
const vec3 RIM_2 = normalize(vec3(-0.85, 0.25, -0.6)), RIM_2_COLOUR = vec3(1.0, 0.8, 0.65) * 0.5;

vec3 ambient(vec3 n) {
  return mix(vec3(0.085, 0.062, 0.055), vec3(0.15, 0.16, 0.18), n.y * 0.5 + 0.5);
}

// Light that has travelled under the surface reaches past the terminator, red the farthest.
vec3 wrapped(float facing, vec3 wrap) {
  vec3 lit = clamp((facing + wrap) / (1.0 + wrap), 0.0, 1.0);
  return mix(lit, lit * lit, wrap);
}

// The light from behind does not reach the middle of the face.
float edge() {
  return max(smoothstep(2.0, 6.0, abs(vRest.x)), smoothstep(7.0, 3.0, vRest.z));
}

vec3 diffuse(vec3 n, vec3 wrap, float reach) {
  vec3 seen = vec3(smoothstep(0.05, 0.55, reach));
  seen = mix(seen, sqrt(seen), wrap);
  return ambient(n) * vec3(mix(reach, sqrt(reach), wrap.r * 0.7), reach, reach)
    + seen * (wrapped(dot(n, KEY), wrap) * KEY_COLOUR + wrapped(dot(n, FILL), wrap) * FILL_COLOUR)
    + edge() * reach * (wrapped(dot(n, RIM), wrap) * RIM_COLOUR + wrapped(dot(n, RIM_2), wrap) * RIM_2_COLOUR) * 0.6;
}

// One light's gloss: GGX with Schlick's Fresnel.
float gloss(vec3 n, vec3 view, vec3 light, float roughness, float front) {
  vec3 h = normalize(light + view);
  float a = roughness * roughness, nh = max(dot(n, h), 0.0), nl = max(dot(n, light), 0.0);
  float nv = max(dot(n, view), 0.05), d = nh * nh * (a * a - 1.0) + 1.0;
  float grazing = 1.0 - max(dot(h, view), 0.0), squared = grazing * grazing;
  float fresnel = front + (1.0 - front) * squared * squared * grazing;
  float shadowing = 0.25 / (mix(nv, 1.0, a * 0.5) * mix(nl, 1.0, a * 0.5));
  return a * a / (3.1416 * d * d) * fresnel * shadowing * nl;
}

vec3 glosses(vec3 n, vec3 view, float roughness, float front, float reach) {
  return smoothstep(0.1, 0.7, reach) * (gloss(n, view, KEY, roughness, front) * KEY_COLOUR
    + edge() * 0.6 * gloss(n, view, RIM, roughness, front) * RIM_COLOUR);
}

// A random value 0..1 for a cell of space, from its coordinates times SPREAD.
const uvec3 SPREAD = uvec3(1597334673u, 3812015801u, 2798796415u);
float hash(uint x, uint y, uint z) {
  uint n = (x ^ y ^ z) * SPREAD.x;
  return float((n ^ (n >> 15)) >> 8) / 16777216.0;
}

// Smooth random value -1..1 in space, and its slope in yzw.
vec4 noise(vec3 at) {
  vec3 base = floor(at), f = at - base;
  uvec3 p = uvec3(ivec3(base)) * SPREAD, q = p + SPREAD;
  vec3 u = f * f * (3.0 - 2.0 * f), du = 6.0 * f * (1.0 - f);
  float a = hash(p.x, p.y, p.z), b = hash(q.x, p.y, p.z), c = hash(p.x, q.y, p.z), d = hash(q.x, q.y, p.z);
  float e = hash(p.x, p.y, q.z), g = hash(q.x, p.y, q.z), h = hash(p.x, q.y, q.z), k = hash(q.x, q.y, q.z);
  vec4 low = vec4(mix(mix(a, b, u.x), mix(c, d, u.x), u.y), mix(b - a, d - c, u.y), mix(c - a, d - b, u.x), 0.0);
  vec4 high = vec4(mix(mix(e, g, u.x), mix(h, k, u.x), u.y), mix(g - e, k - h, u.y), mix(h - e, k - g, u.x), 0.0);
  vec4 v = mix(low, high, u.z);
  return 2.0 * vec4(v.x - 0.5, v.y * du.x, v.z * du.y, (high.x - low.x) * du.z);
}

vec3 background() {
  vec2 at = gl_FragCoord.xy / size - vec2(0.5, 0.56);
  at.x *= size.x / size.y;
  return mix(vec3(0.135, 0.146, 0.172), vec3(0.060, 0.066, 0.082), smoothstep(0.05, 0.85, length(at)));
}

// What the eye sees of a light: a soft shoulder, and the bust fading into the dark.
void show(vec3 light, float cover) {
  vec3 film = clamp(light * (2.51 * light + 0.03) / (light * (2.43 * light + 0.59) + 0.14), 0.0, 1.0);
  float bust = smoothstep(17.5, 11.5, length(vRest * vec3(0.85, 1.0, 0.3) * step(vRest.y, 0.0)));
  uvec2 pixel = uvec2(gl_FragCoord.xy) * SPREAD.xy;
  float grain = hash(pixel.x, pixel.y, 7u) - 0.5;  // no bands in the dark
  colour = vec4(mix(background(), sqrt(film), bust) + grain / 255.0, cover);
}
`;

/** The empty picture: one triangle over all of it. */
export const BACKGROUND_VERTEX = `#version 300 es
centroid out vec3 vPosition, vNormal, vRest, vPlaced;
centroid out vec4 vTint;
centroid out vec2 vLight, vStrands;
void main() {
  gl_Position = vec4(vec2(gl_VertexID % 2, gl_VertexID / 2) * 4.0 - 1.0, 0.99999, 1.0);
  vRest = vec3(0.0, -99.0, 0.0);
}
`;

export const BACKGROUND = `${FRAGMENT}
void main() {
  show(vec3(0.0), 1.0);
}
`;
