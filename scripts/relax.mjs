// The nets' wasm for engines with relaxed SIMD: a product that is added to something becomes one fused instruction, which
// rounds once. Nothing else changes. (Compiled for relaxed SIMD as a whole, a smallest or largest of two numbers would
// also be taken in the machine's own way, which differs where one of them is NaN.)
//
// Only single-precision sums are fused: those of the nets, and a few of HTM, which a page runs by another wasm.

/** @typedef {(string | Expression)[]} Expression an S-expression: its operator, then its operands */

/**
 * @param {string} text a module as text, as wasm-dis writes it
 * @returns {string} the same with fused instructions
 */
export function relax(text) {
  const parts = [];
  let from = 0;
  for (const { index } of text.matchAll(/^ \(func /gm)) {
    const [expression, end] = read(text, index + 1);
    const body = text.slice(index, end);
    parts.push(text.slice(from, index), body.includes('f32x4.mul') ? ` ${written(fused(expression))}` : body);
    from = end;
  }
  return parts.join('') + text.slice(from);
}

/**
 * @param {string | Expression} expression
 * @returns {string | Expression}
 */
function fused(expression) {
  if (typeof expression === 'string') return expression;
  const [operator, ...operands] = expression.map(fused);
  if (operator === 'f32x4.add') {
    const [a, b] = operands;
    if (a[0] === 'f32x4.mul') return ['f32x4.relaxed_madd', a[1], a[2], b];
    // What is added would be read after the product: it has to be what it was before.
    if (b[0] === 'f32x4.mul' && a[0] === 'local.get' && !sets(b, a[1])) return ['f32x4.relaxed_madd', b[1], b[2], a];
  }
  return [operator, ...operands];
}

/**
 * @param {string | Expression} expression
 * @param {string | Expression} local
 * @returns {boolean} whether it gives this local another value
 */
function sets(expression, local) {
  if (typeof expression === 'string') return false;
  return (/^local\.(set|tee)$/.test(String(expression[0])) && expression[1] === local) || expression.some((part) => sets(part, local));
}

/**
 * @param {string} text
 * @param {number} start where an expression begins
 * @returns {[Expression, number]} the expression and where it ends
 */
function read(text, start) {
  const token = /[()]|"(?:[^"\\]|\\.)*"|[^\s()"]+/g;
  token.lastIndex = start;
  /** @type {Expression[]} */
  const open = [];
  for (let found; (found = token.exec(text));) {
    const [word] = found;
    if (word === '(') open.push([]);
    else if (word !== ')') open.at(-1)?.push(word);
    else {
      const whole = /** @type {Expression} */ (open.pop());
      if (!open.length) return [whole, token.lastIndex];
      open.at(-1)?.push(whole);
    }
  }
  throw new Error('a function of the wasm text does not end');
}

/**
 * @param {string | Expression} expression
 * @returns {string}
 */
function written(expression) {
  return typeof expression === 'string' ? expression : `(${expression.map(written).join(' ')})`;
}
