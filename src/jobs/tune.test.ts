import { join } from 'node:path'
import { expect, it } from 'vitest'
import { NaptuneError } from '../core/errors.js'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { writeTinyCheckpoint } from '../methods/tuning/tiny.test.support.js'
import type { JobNote } from './job.js'
import { tune } from './tune.js'

/** A run of three steps on the pictures of the package. */
async function inputs() {
	const folder = await temporaryFolder()
	const model = join(folder, 'model')
	await writeTinyCheckpoint(model)
	const set = { attack: { steps: 1 }, defense: { options: { textPrompts: 2, visualPrompts: 2 } } }
	return { model, data: 'cifar10-mini', output: join(folder, 'run'), shots: 1, epochs: 3, set }
}

it('stopped before its first step says that nothing is saved', async () => {
	const stop = new AbortController()
	const onNote = ({ kind }: JobNote) => {
		if (kind === 'plan') stop.abort()
	}
	const stopped = tune(await inputs(), { signal: stop.signal, onNote })
	await expect(stopped).rejects.toThrow(NaptuneError)
	await expect(stopped).rejects.toMatchObject({
		code: 'NAP_STOPPED',
		// A machine that is slow to compile is not waited for.
		message: expect.stringMatching(/^Stopped\.$|before the first step .* nothing to save; .*--resume to start over/),
	})
})

it('warns of steps that are too few, before them and in its result', async () => {
	const told: string[] = []
	const result = await tune(await inputs(), {
		onNote: ({ text }) => told.push(text),
		onEvent: ({ kind }) => told.push(kind),
	})
	const [warning] = result.warnings
	expect(warning).toMatchObject({ id: 'too-few-steps', message: expect.stringContaining('3 optimizer steps') })
	expect(told.indexOf(warning!.message)).toBeGreaterThan(-1)
	expect(told.indexOf(warning!.message)).toBeLessThan(told.indexOf('epoch'))
	expect(result.seconds).toBeGreaterThan(0)
})
