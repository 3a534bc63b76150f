import { spawn } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { noiseTensor, productChain } from '../graphs.test.support.js'
import { createEngine } from './create-engine.js'

const at = (file: string) => new URL(file, import.meta.url).href
const preamble = `
	import { createEngine } from '${at('./create-engine.js')}'
	import { noiseTensor, productChain } from '${at('../graphs.test.support.js')}'
	const engine = await createEngine({ threads: 2 })
	const program = await engine.compile(productChain(256, 4))
	const feeds = { x: noiseTensor([256, 256], 1) }
`

/** Runs a script in a process of its own. */
function script(code: string, onLine?: (kill: (signal: NodeJS.Signals) => void) => void) {
	const child = spawn(process.execPath, ['--input-type=module', '-e', preamble + code], { stdio: 'pipe' })
	let output = ''
	child.stderr.on('data', (chunk: Buffer) => {
		output += chunk
	})
	child.stdout.on('data', (chunk: Buffer) => {
		output += chunk
		onLine?.((signal) => child.kill(signal))
	})
	const start = performance.now()
	return new Promise<{ code: number | null; signal: NodeJS.Signals | null; output: string; milliseconds: number }>(
		(resolve) => {
			child.on('exit', (exit, signal) =>
				resolve({ code: exit, signal, output, milliseconds: performance.now() - start }),
			)
		},
	)
}

describe('close', () => {
	it('waits for the run in flight, refuses later calls and may be called again', async () => {
		const engine = await createEngine({ threads: 2 })
		const program = await engine.compile(productChain(256, 100))
		const feeds = { x: await engine.upload(noiseTensor([256, 256], 1)) }
		let finished = false
		const running = program.run(feeds).then(({ y }) => {
			finished = true
			return y
		})
		const closing = engine.close()
		await expect(program.run(feeds)).rejects.toThrow(/engine was closed/)
		await closing
		expect(finished).toBe(true)
		expect(Number.isFinite((await running)!.data[0])).toBe(true)
		await engine.close()
		await program.release()
		await feeds.x.release()
		await expect(engine.compile(productChain(8, 1))).rejects.toThrow(/engine was closed/)
	})
})

describe('a process', () => {
	it('ends by itself after close, and sees everything it awaited', async () => {
		const { code, output } = await script(`await program.run(feeds); await engine.close(); console.log('closed')`)
		expect({ code, output }).toEqual({ code: 0, output: 'closed\n' })
	})

	it('ends by itself when close was forgotten, but not before a pending run', async () => {
		const { code, output } = await script(`await program.run(feeds); console.log('ran')`)
		expect({ code, output }).toEqual({ code: 0, output: 'ran\n' })
	})

	it('ends cleanly when it exits in the middle of a run', async () => {
		const { code, output } = await script(
			`const long = await engine.compile(productChain(512, 40)); const x = noiseTensor([512, 512], 1)
			for (let index = 0; index < 20; index++) long.run({ x })
			setTimeout(() => process.exit(7), 100)`,
		)
		expect({ code, output }).toEqual({ code: 7, output: '' })
	})

	it('dies of an uncaught error in the middle of a run as any process does', async () => {
		const { code, signal, output } = await script(
			`const long = await engine.compile(productChain(512, 40)); const x = noiseTensor([512, 512], 1)
			for (let index = 0; index < 20; index++) long.run({ x })
			setTimeout(() => { throw new Error('elsewhere') }, 50)`,
		)
		expect({ code, signal }).toEqual({ code: 1, signal: null })
		expect(output).toMatch(/Error: elsewhere/)
		expect(output).not.toMatch(/terminate called/)
	})

	it.runIf(process.platform !== 'win32')('obeys Ctrl-C in the middle of a long run', async () => {
		let sent = 0
		const { signal, output } = await script(
			`const long = await engine.compile(productChain(768, 1200)); const x = noiseTensor([768, 768], 1)
			setTimeout(() => console.log('running'), 300); await long.run({ x }); console.log('finished')`,
			(kill) => {
				sent = performance.now()
				kill('SIGINT')
			},
		)
		expect({ signal, output }).toEqual({ signal: 'SIGINT', output: 'running\n' })
		expect(performance.now() - sent).toBeLessThan(5000)
	})
})
