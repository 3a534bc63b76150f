import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runCli, runJson, tinyTuning, writePhotos, writeTinyModel } from './cli.test.helper.js'

let folder: string
let tuning: string[]
const classes = ['red_thing', 'green_thing', 'blue_thing']

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-unreadable-'))
	const photos = join(folder, 'photos')
	await writeTinyModel(join(folder, 'model'))
	await writePhotos(join(photos, 'train'), classes, 3)
	await writePhotos(join(photos, 'test'), classes, 3)
	await writeFile(join(photos, 'train', 'green_thing', '1.png'), 'damaged')
	await writeFile(join(photos, 'test', 'red_thing', '0.png'), 'damaged')
	await writeFile(join(photos, 'test', 'blue_thing', '2.png'), '')
	const own = ['--model', join(folder, 'model'), '--data', photos, '--output', join(folder, 'run')]
	// After the others: all three images of every class.
	tuning = ['tune', ...own, ...tinyTuning, '--shots', '3', '--loader-threads', '2']
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('images that cannot be read stop a command, or are left out, told and recorded', async () => {
	const stopped = await runCli(tuning)
	expect(stopped.code).toBe(1)
	expect(stopped.stderr).toMatch(/1 of 9 images are unreadable:\n {2}.*green_thing\/1\.png is not a readable image/)
	expect(stopped.stderr).toContain('add --unreadable exclude')

	const tuned = await runJson([...tuning, '--unreadable', 'exclude'])
	expect(tuned.code, tuned.stderr).toBe(0)
	const notice = '1 of 9 training images were excluded because they are unreadable: train/green_thing/1.png.'
	expect(tuned.document).toMatchObject({ images: 8, notices: [notice] })
	expect(tuned.stderr).toContain(`note: ${notice}`)
	const description = JSON.parse(await readFile(join(folder, 'run', 'run.json'), 'utf8'))
	expect(description).toMatchObject({ training: { images: 8 }, dataset: { notices: [notice] } })

	const evaluation = ['evaluate', join(folder, 'run'), '--attack', 'pgd-5', '--no-vanilla', '--threads', '1']
	const halted = await runCli(evaluation)
	expect(halted.code).toBe(1)
	expect(halted.stderr).toMatch(/test\/blue_thing\/2\.png is empty/)
	const { code, document, stderr } = await runJson([...evaluation, '--unreadable', 'exclude'])
	expect(code, stderr).toBe(0)
	const left = 'test/blue_thing/2.png, test/red_thing/0.png'
	const told = `2 of 9 test images were excluded because they are unreadable: ${left}.`
	expect(document).toMatchObject({ images: 7, notices: [told] })
	const records = (await readdir(join(folder, 'run', 'evaluations'))).filter((name) => name.endsWith('.json'))
	expect(records).toHaveLength(1)
	const record = JSON.parse(await readFile(join(folder, 'run', 'evaluations', records[0]!), 'utf8'))
	expect(record).toMatchObject({ images: 7, dataset: { images: 7, notices: [told] } })
	expect(record.outcomes).toHaveLength(7)
})
