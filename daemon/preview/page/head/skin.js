import { FRAGMENT, seen } from "./shaders.js";

/** Skin with lips, brows, cropped hair and lash lines. */
export const SKIN = `${FRAGMENT}
// Hairs along the brow: streaks that lean outwards, dense in the middle.
float browHair() {
  float along = vStrands.x, above = vStrands.y;
  if (abs(above) > 0.6) {
    return 0.0;
  }
  float half_height = 0.46 * smoothstep(-0.1, 0.12, along) * (1.0 - 0.75 * smoothstep(0.45, 1.08, along));
  float body = 1.0 - smoothstep(0.45, 1.0, abs(above) / max(half_height, 0.02));
  body *= smoothstep(-0.1, 0.04, along) * (1.0 - smoothstep(0.95, 1.1, along));
  float lean = mix(0.3, 3.0, smoothstep(0.0, 0.5, along));
  vec3 at = vec3(along * 42.0 - above * 9.0 * lean, above * 1.5 + along * 7.0, vRest.x > 0.0 ? 3.0 : 11.0);
  float streak = noise(at).x * 0.6 + noise(at * vec3(1.9, 2.0, 1.0)).x * 0.4;
  return body * clamp(0.82 + 0.75 * streak, 0.0, 1.0);
}

void main() {
  vec3 view = normalize(camera - vPosition);
  float lip = vTint.x, hair = vTint.y, rosy = vTint.z, lash = vTint.w;
  float brow = browHair();
  vec4 coarse = noise(vRest * 3.6), fine = noise(vRest * 12.0);

  vec3 skin = ${seen(0.815, 0.632, 0.555)};
  skin *= 1.0 + 0.07 * coarse.x + 0.05 * fine.x;
  skin = mix(skin, skin * vec3(1.03, 0.70, 0.64), clamp(rosy * (0.8 + 0.4 * coarse.x), 0.0, 1.0) * 0.75);
  skin = mix(skin, ${seen(0.70, 0.42, 0.40)} * (1.0 + 0.05 * fine.x), lip * 0.85);
  vec4 stubble = hair > 0.01 ? noise(vRest * 21.0) : vec4(0.0);
  float strands = 0.5 * (fine.x + stubble.x);
  float cropped = smoothstep(0.1, 0.9, hair * 1.05 + 0.30 * strands * (1.0 - hair * 0.6));
  vec3 dark = ${seen(0.125, 0.105, 0.098)};
  skin = mix(skin, dark * (1.0 + 0.7 * strands), 0.95 * cropped);
  skin = mix(skin, dark, 0.86 * brow);
  skin = mix(skin, dark * 0.6, 0.8 * lash);

  float smoothness = max(lip, cropped);
  vec3 n = normalize(vNormal);
  vec3 bumps = (coarse.yzw * 0.022 + fine.yzw * 0.030) * (1.0 - 0.6 * lip);
  bumps += cropped * 0.10 * stubble.yzw;
  n = normalize(n - (bumps - n * dot(bumps, n)));
  float reach = max(mix(vLight.x, vLight.y, open), 0.05);

  vec3 wrap = mix(vec3(0.42, 0.20, 0.13), vec3(0.1), cropped);
  vec3 lit = skin * diffuse(n, wrap, reach);
  float oily = 0.47 - 0.10 * rosy - 0.12 * lip + 0.25 * cropped + 0.15 * brow;
  lit += glosses(n, view, oily, 0.028, reach) * (1.0 - 0.75 * cropped) * 0.9;
  show(lit, 1.0);
}
`;
