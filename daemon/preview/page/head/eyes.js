import { FRAGMENT, seen } from "./shaders.js";

/** An eyeball: white, iris behind a clear cornea, pupil, and the window's reflection. */
export const EYE = `${FRAGMENT}
uniform vec3 eye;
uniform mat3 turned;   // head and gaze
uniform vec2 lids;     // height of the lower and the upper lid, cm
const float IRIS = 0.66, PUPIL = 0.24;

void main() {
  vec3 view = normalize(camera - vPosition);
  vec3 n = normalize(vNormal);
  vec3 at = vRest - eye, seen = transpose(turned) * view, normal = transpose(turned) * n;
  float radius = length(at.xy);

  // Where the line of sight, bent by the cornea, meets the iris.
  vec3 inside = refract(-seen, normal, 0.75);
  vec3 hit = at + inside * max((at.z - 1.42) / max(-inside.z, 0.2), 0.0);
  float r = length(hit.xy), angle = atan(hit.y, hit.x);
  float fibres = noise(vec3(angle * 9.0, r * 3.0, 1.0)).x * 0.6 + noise(vec3(angle * 22.0, r * 6.0, 5.0)).x * 0.4;
  vec3 hazel = ${seen(0.46, 0.36, 0.26)}, grey = ${seen(0.37, 0.43, 0.43)};
  vec3 iris = mix(hazel, grey, smoothstep(0.30, 0.50, r + 0.06 * fibres));
  iris *= 1.0 + 0.55 * fibres;
  iris *= 1.0 - 0.8 * smoothstep(IRIS - 0.13, IRIS, r);
  iris *= 0.75 + 0.7 * smoothstep(0.4, -0.5, dot(normalize(hit.xy + 1e-4), normalize(vec2(-0.6, 0.6))));
  iris *= smoothstep(PUPIL - 0.035, PUPIL + 0.03, r);

  vec3 white = ${seen(0.86, 0.83, 0.80)};
  white = mix(white, ${seen(0.78, 0.52, 0.47)}, 0.5 * smoothstep(0.95, 1.5, radius));
  float inIris = at.z > 0.0 ? 1.0 - smoothstep(IRIS - 0.05, IRIS + 0.03, radius) : 0.0;
  vec3 base = mix(white, iris, inIris);

  // The lids shade the ball: the upper one most.
  float shade = smoothstep(0.0, 0.55, lids.y - vPlaced.y) * smoothstep(-0.05, 0.30, vPlaced.y - lids.x);
  shade = mix(0.22, 1.0, shade) * mix(0.55, 1.0, smoothstep(1.45, 0.8, abs(vPlaced.x - eye.x)));

  vec3 lit = base * diffuse(n, vec3(0.35, 0.25, 0.22), 1.0) * shade * 0.8;
  lit += glosses(n, view, 0.12, 0.04, 1.0) * sqrt(shade) * 1.5;
  show(lit, 1.0);
}
`;
