/** Files that pages show verbatim. */

import { codeBlock } from '../markdown.js'
import type { Insert } from '../markers.js'
import { rootText } from '../root.js'

/** Programs of `examples/`, by the names of their files. */
export const examplePrograms = ['own-photos', 'attack-onnx', 'audit', 'knowledge', 'compare-records'] as const

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

/** The program without the comment that introduces it, because the page does that itself. */
function withoutHeader(program: string): string {
	return program.replace(/^\/\*\*.*?\*\/\n+/s, '')
}
