"""Which of MediaPipe's 478 face landmarks lie where on a face, and which of the 68 landmarks of Multi-PIE they are.

Numbers are those of MediaPipe's face mesh (its canonical face model); left and right are the subject's own.
"""

from collections.abc import Mapping
from typing import Final

COUNT: Final = 478
MESH: Final = 468
"""The rest are the irises."""

OUTER_EYES: Final = (33, 263)
"""Outer corners, right and left: the distance between them is the unit of length."""
CHIN: Final = (152, 8)
"""MediaPipe's point and that of the 68."""
RIGID: Final = (
    6, 197, 195, 168, 33, 133, 362, 263, 10, 109, 338, 151, 9, 8, 127, 356, 234, 454, 54, 284, 103, 332, 67, 297,
    21, 251, 162, 389, 108, 337,
)  # fmt: skip
"""Bridge of the nose, corners of the eyes, forehead, temples: they follow the skull alone, or nearly."""

CURVES: Final[Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]] = {
    "brow right": ((70, 63, 105, 66, 107), (17, 18, 19, 20, 21)),
    "brow left": ((336, 296, 334, 293, 300), (22, 23, 24, 25, 26)),
    "nose": ((168, 6, 197, 195, 5, 4), (27, 28, 29, 30)),
    "upper lid right": ((33, 246, 161, 160, 159, 158, 157, 173, 133), (36, 37, 38, 39)),
    "lower lid right": ((33, 7, 163, 144, 145, 153, 154, 155, 133), (36, 41, 40, 39)),
    "upper lid left": ((362, 398, 384, 385, 386, 387, 388, 466, 263), (42, 43, 44, 45)),
    "lower lid left": ((362, 382, 381, 380, 374, 373, 390, 249, 263), (42, 47, 46, 45)),
    "upper lip right": ((61, 185, 40, 39, 37), (48, 49, 50)),
    "upper lip middle": ((37, 0, 267), (50, 51, 52)),
    "upper lip left": ((267, 269, 270, 409, 291), (52, 53, 54)),
    "lower lip": ((61, 146, 91, 181, 84, 17), (48, 59, 58, 57)),
    "lower lip left": ((17, 314, 405, 321, 375, 291), (57, 56, 55, 54)),
    "inner upper lip right": ((78, 191, 80, 81, 82, 13), (60, 61, 62)),
    "inner upper lip left": ((13, 312, 311, 310, 415, 308), (62, 63, 64)),
    "inner lower lip right": ((78, 95, 88, 178, 87, 14), (60, 67, 66)),
    "inner lower lip left": ((14, 317, 402, 318, 324, 308), (66, 65, 64)),
}
"""Lines on both faces, from end to end: MediaPipe's points, and those of the 68 landmarks. Their ends are the same."""

INNER_LIPS: Final = (13, 14)
"""Middle of the upper and lower lip where they meet."""
LIDS: Final = ((159, 145), (386, 374))
"""Middle of the upper and lower lid, right and left."""
LIPS: Final = tuple(
    sorted({point for name, (points, _) in CURVES.items() if "lip" in name.split() for point in points})
)
"""The outer and the inner line of the lips."""
LIP_RINGS: Final = (
    11, 12, 15, 16, 38, 41, 42, 62, 72, 73, 74, 76, 77, 85, 86, 89, 90, 96, 179, 180, 183, 184, 268, 271, 272, 292, 302,
    303, 304, 306, 307, 315, 316, 319, 320, 325, 403, 404, 407, 408,
)  # fmt: skip
"""Lines between those two, whose places on another face's lips are guesses."""
