/** Files that pages show as they are. */

import { codeBlock } from '../markdown.js'
import type { Insert } from '../markers.js'
import { rootText } from '../root.js'

/** Programs of `examples/`, by the names of their files. */
export const examplePrograms = ['own-photos', 'attack-onnx', 'audit', 'knowledge', 'compare-records'] as const

/** The passages, by name. */
export const exampleInserts: Readonly<Record<string, Insert>> = {
	...Object.fromEntries(
		examplePrograms.map((name) => [
			`example ${name}`,
			async () => codeBlock('js', withoutHeader(await rootText(`examples/${name}.mjs`))),
		]),
	),
	'experiment first': async () => codeBlock('json', await rootText('experiments/examples/first.json')),
	'experiment refiner-depth': async () => codeBlock('json', await rootText('experiments/examples/refiner-depth.json')),
}

/** The program without the comment that says what it is: the page says that itself. */
function withoutHeader(program: string): string {
	return program.replace(/^\/\*\*.*?\*\/\n+/s, '')
}
