import { FRAGMENT } from "./shaders.js";

/** Lashes: the kit's strips along the lids, combed into hairs that thin out; drawn over what is behind. */
export const LASHES = `${FRAGMENT}
void main() {
  float along = vStrands.x * 10.0, away = vStrands.y;
  float upper = smoothstep(3.75, 3.45, along);
  float hairs = abs(fract(along * 8.0 + 0.5 * noise(vec3(along * 3.0, 0.0, 2.0)).x) - 0.5) * 2.0;
  float tip = mix(0.45, 0.75, upper) + 0.25 * noise(vec3(floor(along * 8.0), 1.0, 9.0)).x;
  float thin = mix(0.75, 0.15, clamp(away / tip, 0.0, 1.0));
  float cover = smoothstep(thin, thin - 0.35, hairs) * smoothstep(tip, 0.5 * tip, away);
  show(vec3(0.010, 0.007, 0.006), mix(0.3, 0.85, upper) * cover);
}
`;
