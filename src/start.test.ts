import { describe, expect, it } from 'vitest'
import { commandList, nameOf } from './cli/command-list.js'
import { loadedByCommand, loadedByImport } from './loaded-modules.test.helper.js'

/** What is large or slow to load, and needed for some work only. */
const large = [
	'@hono/node-server',
	'@huggingface/hub',
	'@huggingface/tokenizers',
	'hono',
	'hyparquet',
	'onnxruntime-node',
	'onnxruntime-web',
	'prom-client',
	'sharp',
	'tinypool',
	'vega',
	'vega-lite',
]

/** What breaks long lines on a terminal; some milliseconds. */
const ofWrapping = [
	'ansi-regex',
	'ansi-styles',
	'emoji-regex',
	'get-east-asian-width',
	'string-width',
	'strip-ansi',
	'wrap-ansi',
]

describe('the start of', () => {
	it.each([['--help'], ['--version'], ['no-such-command'], ['help']])(
		'naptune %s loads no command',
		async (...args) => {
			const { packages, own } = await loadedByCommand(...args)
			expect(packages.filter((one) => !ofWrapping.includes(one))).toEqual(['cli-progress', 'commander'])
			expect(own).toContain('cli/command-list.js')
			expect(own.filter((path) => path.startsWith('cli/commands/'))).toEqual([])
			// Each module costs about half a millisecond.
			expect(own.length).toBeLessThan(30)
		},
	)

	it('a command loads no other one', async () => {
		const { own } = await loadedByCommand('tune', '--help')
		expect(own.filter((path) => path.startsWith('cli/commands/'))).toEqual(['cli/commands/tune.js'])
	})

	it('all commands together load nothing large before they run', async () => {
		const { packages, own } = await loadedByCommand(...commandList.map(nameOf), '--help')
		for (const listed of commandList) expect(own).toContain(`cli/commands/${nameOf(listed)}.js`)
		expect(packages.filter((one) => large.includes(one))).toEqual([])
	})

	it('the library loads nothing large', async () => {
		const { packages } = await loadedByImport('naptune')
		expect(packages.filter((one) => [...large, '@bufbuild/protobuf', 'onnx-buf'].includes(one))).toEqual([])
	})

	it('naptune/onnx loads what writes ONNX files', async () => {
		const { packages } = await loadedByImport('naptune/onnx')
		expect(packages).toEqual(['@bufbuild/protobuf', '@noble/hashes', 'onnx-buf'])
	})

	it('naptune/runtime and naptune/runtime/web load no engine before one is asked for', async () => {
		for (const entry of ['naptune/runtime', 'naptune/runtime/web']) {
			const { packages } = await loadedByImport(entry)
			expect(packages, entry).toEqual([])
		}
	})
})
