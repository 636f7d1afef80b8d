/** The head's surface for given weights. */

/**
 * @param {import("./baked.js").Head} head
 * @returns {{position: Float32Array, normal: Float32Array, to: (weights: Float32Array) => boolean}}
 *   `to` moves the surface and says whether anything changed.
 */
export function createMorph(head) {
  const position = head.position.slice();
  const normal = new Float32Array(position.length);
  const now = new Float32Array(head.names.length).fill(NaN);

  function to(weights) {
    if (now.every((weight, shape) => weight === weights[shape])) {
      return false;
    }
    now.set(weights);
    position.set(head.position);
    now.forEach((weight, shape) => move(position, head, shape, weight));
    computeNormals(normal, position, head.index);
    return true;
  }

  return { position, normal, to };
}

function move(position, head, shape, weight) {
  const { delta, delta_vertex: vertices } = head;
  const scale = weight * head.delta_scale[shape];
  if (scale === 0) {
    return;
  }
  for (let i = head.delta_start[shape]; i < head.delta_start[shape + 1]; i++) {
    const at = 3 * vertices[i];
    position[at] += scale * delta[3 * i];
    position[at + 1] += scale * delta[3 * i + 1];
    position[at + 2] += scale * delta[3 * i + 2];
  }
}

/** Area-weighted mean of the triangles around each vertex; the shader brings it to unit length. */
function computeNormals(normal, position, index) {
  normal.fill(0);
  for (let i = 0; i < index.length; i += 3) {
    const a = 3 * index[i], b = 3 * index[i + 1], c = 3 * index[i + 2];
    const ux = position[b] - position[a], vx = position[c] - position[a];
    const uy = position[b + 1] - position[a + 1], vy = position[c + 1] - position[a + 1];
    const uz = position[b + 2] - position[a + 2], vz = position[c + 2] - position[a + 2];
    const x = uy * vz - uz * vy, y = uz * vx - ux * vz, z = ux * vy - uy * vx;
    normal[a] += x; normal[a + 1] += y; normal[a + 2] += z;
    normal[b] += x; normal[b + 1] += y; normal[b + 2] += z;
    normal[c] += x; normal[c + 1] += y; normal[c + 2] += z;
  }
}
