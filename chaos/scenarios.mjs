/** Commands under chaos, with settings so small that one takes seconds. */

import { existsSync } from 'node:fs'
import { cp, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCli, tinyTuning, writePhotos, writeTinyModel } from '../dist/cli/cli.test.helper.js'
import { writeModel } from '../dist/onnx/files/index.js'
import { ops } from '../dist/onnx/index.js'
import { generator } from '../dist/random/counter-based.js'

const shared = ['--threads', '1', '--quiet']
const loading = ['--loader-threads', '0']

/** Creates the inputs of all commands: a model, photographs, a tuned run, two surrogates, an experiment. */
export async function prepare(base) {
	await writeTinyModel(join(base, 'model'))
	await writePhotos(join(base, 'photos'), undefined, 4)
	const { code, stderr } = await runCli(['tune', ...data(base), ...tinyTuning, '--output', join(base, 'run')])
	if (code !== 0) throw new Error(`The run could not be made: ${stderr}`)
	for (const [name, size] of [
		['a', 16],
		['b', 12],
	]) {
		const stream = generator(1, 'chaos-surrogate', name)
		const random = (shape) => ({
			type: 'float32',
			shape,
			data: Float32Array.from({ length: shape.reduce((product, n) => product * n, 1) }, () => stream.normal() / 10),
		})
		const pixels = ops.input('pixels', 'float32', ['B', 3, size, size])
		const first = ops.linear(
			ops.reshape(pixels, [-1, 3 * size * size]),
			ops.literal(random([16, 3 * size * size])),
			null,
		)
		await writeModel(join(base, `${name}.onnx`), {
			logits: ops.linear(ops.quickGelu(first), ops.literal(random([3, 16])), null),
		})
	}
	await writeFile(join(base, 'table.json'), JSON.stringify(experiment))
}

const experiment = {
	name: 'chaos-table',
	version: 1,
	title: 'A table under chaos',
	doc: 'Two methods on photographs.',
	layout: 'table',
	models: ['nano'],
	datasets: ['cifar10-mini'],
	preset: 'tiny',
	epsilon: '4/255',
	methods: { vanilla: { title: 'Vanilla CLIP' }, coop: { title: 'CoOp' } },
	reference: 'coop',
	conditions: [
		{ name: 'clean', title: 'Clean', cleanOf: 'pgd' },
		{ name: 'pgd', title: 'PGD', attack: 'pgd-5' },
	],
	seeds: [1],
	shown: [],
}

const data = (base) => ['--model', join(base, 'model'), '--data', join(base, 'photos')]

/** A copy of the run for evaluations and audits. */
async function ownRun(base, folder) {
	await mkdir(folder, { recursive: true })
	await cp(join(base, 'run'), join(folder, 'run'), { recursive: true })
}

/** Scenarios by name: `begin` fills the folder; `args` is the command, the same each time; `within` is the folder whose files are
 * compared.
 */
export const scenarios = {
	tune: {
		begin: (_base, folder) => mkdir(folder, { recursive: true }),
		args: (base, folder) => [
			...[
				'tune',
				...data(base),
				...tinyTuning,
				...loading,
				...shared,
				'--epochs',
				'4',
				'--output',
				join(folder, 'run'),
			],
			// Resume like a user would.
			...(existsSync(join(folder, 'run', 'run.json')) ? ['--resume'] : []),
		],
	},
	evaluate: {
		begin: ownRun,
		args: (_base, folder) => [
			...[
				'evaluate',
				join(folder, 'run'),
				'--attack',
				'autoattack',
				'--set',
				'steps=2',
				'--set',
				'queries=10',
				'--set',
				'targets=1',
			],
			...[
				'--epsilon',
				'4/255',
				'--split',
				'train',
				'--batch-size',
				'2',
				'--keep-images',
				join(folder, 'images'),
				...loading,
				...shared,
			],
		],
	},
	audit: {
		begin: ownRun,
		args: (_base, folder) => [
			'audit',
			join(folder, 'run'),
			'--quick',
			'--limit',
			'3',
			'--split',
			'train',
			'--batch-size',
			'2',
			...loading,
			...shared,
		],
		exitCodes: [0, 3],
	},
	generate: {
		begin: (_base, folder) => mkdir(folder, { recursive: true }),
		args: (base, folder) => [
			...['generate', join(folder, 'store'), '--surrogate', join(base, 'a.onnx'), '--surrogate', join(base, 'b.onnx')],
			...[
				'--normalisation',
				'none',
				...data(base),
				'--set',
				'steps=2',
				'--split',
				'train',
				'--batch-size',
				'2',
				...loading,
				...shared,
			],
		],
	},
	reproduce: {
		begin: (_base, folder) => mkdir(folder, { recursive: true }),
		args: (base, folder) => [
			...[
				'reproduce',
				join(base, 'table.json'),
				...data(base),
				...loading,
				...shared,
				'--set',
				'epochs=1',
				'--output',
				join(folder, 'all'),
			],
		],
		exitCodes: [0, 3],
	},
}
