/** naptune/random: random streams named by a seed and keys, and Python's generator. */

export { generator, permutation, philox } from './counter-based.js'
export type { Generator } from './generator.js'
export { type PythonRandom, pythonRandom } from './python-random.js'
