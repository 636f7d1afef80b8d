/** The few WebGL 2 steps the head needs. */

/**
 * @param {WebGL2RenderingContext} gl
 * @param {string} vertex GLSL
 * @param {string} fragment GLSL
 * @returns {{use: () => void, set: (values: Object<string, number | number[]>) => void}}
 *   `set` gives uniforms by name: numbers, 2 to 4 of them, or 9 for a matrix by columns.
 */
export function createProgram(gl, vertex, fragment) {
  const program = gl.createProgram();
  for (const [type, source] of [[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]]) {
    const shader = gl.createShader(type);
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) {
    const logs = gl.getAttachedShaders(program).map((shader) => gl.getShaderInfoLog(shader));
    throw new Error(`the head's shaders do not run on this graphics driver: ${logs.join(" ")}`);
  }

  const places = new Map();
  const placeOf = (name) => {
    if (!places.has(name)) {
      places.set(name, gl.getUniformLocation(program, name));
    }
    return places.get(name);
  };

  function set(values) {
    for (const [name, value] of Object.entries(values)) {
      const numbers = [value].flat();
      const place = placeOf(name);
      if (numbers.length === 9) {
        gl.uniformMatrix3fv(place, false, numbers);
      } else {
        gl[`uniform${numbers.length}fv`](place, numbers);
      }
    }
  }

  return { use: () => gl.useProgram(program), set };
}

/**
 * A buffer of one attribute at a fixed place.
 *
 * @param {WebGL2RenderingContext} gl
 * @param {number} place location in the shaders
 * @param {number} size numbers per vertex
 * @param {Float32Array | Uint8Array | Int8Array} data bytes reach the shader as 0..1, signed ones as they are
 * @returns {(data: Float32Array) => void} replaces the data
 */
export function createAttribute(gl, place, size, data) {
  const types = new Map([[Float32Array, gl.FLOAT], [Uint8Array, gl.UNSIGNED_BYTE], [Int8Array, gl.BYTE]]);
  const buffer = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
  gl.bufferData(gl.ARRAY_BUFFER, data, gl.DYNAMIC_DRAW);
  gl.enableVertexAttribArray(place);
  gl.vertexAttribPointer(place, size, types.get(data.constructor), data instanceof Uint8Array, 0, 0);
  return (changed) => {
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    gl.bufferSubData(gl.ARRAY_BUFFER, 0, changed);
  };
}
