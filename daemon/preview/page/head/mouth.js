import { FRAGMENT, seen } from "./shaders.js";

/** Gums, tongue and the socket of the mouth: wet, and darker the deeper inside. */
export const MOUTH = `${FRAGMENT}
void main() {
  vec3 view = normalize(camera - vPosition);
  vec3 n = normalize(vNormal) * (gl_FrontFacing ? 1.0 : -1.0);
  vec4 coarse = noise(vRest * 4.0);
  n = normalize(n - 0.05 * coarse.yzw);
  float reach = max(mix(vLight.x, vLight.y, open), open * smoothstep(11.0, 12.4, vPlaced.z));
  float depth = smoothstep(4.0, 10.5, vRest.z);
  vec3 flesh = ${seen(0.70, 0.36, 0.36)} * (1.0 + 0.12 * coarse.x);
  vec3 lit = flesh * diffuse(n, vec3(0.3, 0.12, 0.1), reach) * depth;
  lit += glosses(n, view, 0.3, 0.03, reach) * depth * 0.7;
  show(lit, 1.0);
}
`;

/** Teeth: ivory, darker towards the back and the gums. */
export const TEETH = `${FRAGMENT}
void main() {
  vec3 view = normalize(camera - vPosition);
  vec3 n = normalize(vNormal);
  float reach = mix(0.15 * vLight.x, 0.35 + 0.65 * vLight.y, open);
  float depth = smoothstep(6.0, 10.6, vRest.z);
  vec3 ivory = ${seen(0.93, 0.88, 0.78)};
  vec3 lit = ivory * (diffuse(n, vec3(0.25, 0.2, 0.15), reach)) * mix(0.12, 0.95, depth);
  lit += glosses(n, view, 0.25, 0.04, reach) * depth;
  show(lit, 1.0);
}
`;
