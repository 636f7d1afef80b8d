const hex = (text) => [1, 3, 5].map((i) => parseInt(text.slice(i, i + 2), 16));

/** Every colour of the portrait, [r, g, b]: warm key light from the upper left, cool rim from the right. */
export const COLOURS = {
  backdropNear: hex("#343c4e"),
  backdropFar: hex("#12151c"),

  skinLight: hex("#f6cba6"),
  skin: hex("#e6ad86"),
  skinShade: hex("#c07f62"),
  skinDeep: hex("#8f4f45"),
  fold: hex("#7c3b36"),
  blush: hex("#dd6f5c"),
  glow: hex("#ffe6c9"),
  rim: hex("#9fd8e6"),

  hairDark: hex("#241820"),
  hair: hex("#43292d"),
  hairLight: hex("#7a4a40"),
  brow: hex("#3b2428"),

  eyeWhite: hex("#f7f1ea"),
  eyeShade: hex("#9c8c96"),
  irisDark: hex("#2c4740"),
  iris: hex("#4f8a74"),
  irisLight: hex("#9ccba0"),
  pupil: hex("#15171b"),
  sparkle: hex("#ffffff"),
  lash: hex("#2a181c"),
  tearDuct: hex("#d98d80"),

  lipUpper: hex("#b8625a"),
  lip: hex("#cf7a6d"),
  lipLight: hex("#f2b09c"),
  lipLine: hex("#5b2228"),
  cavity: hex("#571a24"),
  cavityDeep: hex("#260a10"),
  gum: hex("#b45a5c"),
  tooth: hex("#f8f1e6"),
  toothShade: hex("#b79c93"),
  tongue: hex("#cf6468"),
  tongueLight: hex("#ec9490"),
  tongueDark: hex("#8c3340"),

  shirt: hex("#2f6a70"),
  shirtLight: hex("#4b9594"),
  shirtDark: hex("#173840"),
};
