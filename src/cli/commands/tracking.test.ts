import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tuningRun } from '../../jobs/common/tracking.js'
import { lastSteps } from '../../tracking/event-folder.js'
import { decodeEvent } from '../../tracking/events.js'
import { framedRecords } from '../../tracking/record-framing.js'
import { openTensorboard } from '../../tracking/tensorboard.js'
import { runCli, tinyTuning, writePhotos, writeTinyModel } from '../cli.test.helper.js'
import { trackingOptions } from '../options/tracking-options.js'

let folder: string
let tune: string[]
let url: string
const told: { path: string; body: Record<string, unknown> }[] = []

/** As little of MLflow as a new run needs. */
const server = createServer((request, response) => {
	let text = ''
	request.on('data', (part) => {
		text += String(part)
	})
	request.on('end', () => {
		const path = request.url!.replace(/^\/api\/2\.0\/mlflow\/([^?]*).*$/, '$1')
		told.push({ path, body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>) })
		const answers: Record<string, unknown> = {
			'experiments/get-by-name': { experiment: { experiment_id: '0' } },
			'runs/create': { run: { info: { run_id: 'r' } } },
		}
		response.end(JSON.stringify(answers[path] ?? {}))
	})
})

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-tracking-'))
	await writeTinyModel(join(folder, 'model'))
	await writePhotos(join(folder, 'photos'))
	tune = ['tune', '--model', join(folder, 'model'), '--data', join(folder, 'photos'), ...tinyTuning]
	await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
	url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
	server.close()
	server.closeAllConnections()
	await rm(folder, { recursive: true, force: true })
})

const metrics = () => told.flatMap(({ body }) => (body.metrics as { key: string; step: number; value: number }[]) ?? [])

describe('--tensorboard and --mlflow', () => {
	const run = () => join(folder, 'runs', 'one')

	it('tell of every epoch', async () => {
		const args = ['--output', run(), '--tensorboard', join(folder, 'runs'), '--mlflow', url]
		const { code, stderr } = await runCli([...tune, ...args])
		expect(code, stderr).toBe(0)
		expect(stderr).not.toContain('note: MLflow')
		const log = (await readFile(join(run(), 'log.jsonl'), 'utf8')).trim().split('\n')
		const epochs = log.map((line) => JSON.parse(line) as { epoch: number; cleanLoss: number })
		expect(epochs).toHaveLength(2)
		expect(metrics().filter(({ key }) => key === 'loss/clean')).toMatchObject(
			epochs.map(({ epoch, cleanLoss }) => ({ step: epoch + 1, value: cleanLoss })),
		)
		expect(told.at(-1)).toMatchObject({ path: 'runs/update', body: { status: 'FINISHED' } })
		const steps = await lastSteps(join(folder, 'runs', 'one-tuning'))
		expect(steps.get('loss/clean')).toBe(2)
		expect(steps.get('protocol')).toBe(0)
	})

	it('tell of the epochs before those of a run that goes on, and of none twice', async () => {
		const tracked = { name: 'one-tuning', identity: `tuning ${run()}`, goesOn: true }
		const tracker = await openTensorboard(join(folder, 'late'), tracked, () => {})
		tracker.metrics(1, { 'loss/clean': 0 })
		await tracker.close('stopped')
		const args = ['--output', run(), '--resume', '--tensorboard', join(folder, 'late')]
		const { code, stderr } = await runCli([...tune, ...args])
		expect(code, stderr).toBe(0)
		expect(await readdir(join(folder, 'late'))).toEqual(['one-tuning'])
		const files = (await readdir(tracker.folder)).filter((name) => name.includes('tfevents')).sort()
		const records = await Promise.all(
			files.map(async (name) => framedRecords(await readFile(join(tracker.folder, name)))),
		)
		const losses = records
			.flat()
			.map(decodeEvent)
			.filter(({ tags }) => tags.includes('loss/clean'))
		expect(losses.map(({ step }) => step)).toEqual([1, 2])
	})

	it('tell of evaluations', async () => {
		told.length = 0
		const args = ['--attack', 'pgd-5', '--threads', '1', '--tensorboard', join(folder, 'runs'), '--mlflow', url]
		const { code, stdout, stderr } = await runCli(['evaluate', run(), ...args, '--json'])
		expect(code, stderr).toBe(0)
		const { rows } = JSON.parse(stdout) as { rows: { defense: string; robust: { accuracy: number } }[] }
		const robust = metrics().filter(({ key }) => key.endsWith('/robust accuracy'))
		expect(robust.map(({ key, value }) => [key.split('-')[0], value])).toEqual(
			rows.map(({ defense, robust: { accuracy } }) => [defense, accuracy]),
		)
		const steps = await lastSteps(join(folder, 'runs', 'one-evaluation'))
		expect([...steps.keys()].filter((tag) => tag.endsWith('/robust accuracy'))).toEqual(robust.map(({ key }) => key))
	})

	it('do not stop a run when the server is away', async () => {
		const gone = createServer()
		await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve))
		const { port } = gone.address() as AddressInfo
		await new Promise((resolve) => gone.close(resolve))
		const args = ['--output', join(folder, 'two'), '--mlflow', `http://127.0.0.1:${port}`]
		const { code, stderr } = await runCli([...tune, ...args])
		expect(code, stderr).toBe(0)
		expect(stderr.match(/note: MLflow/g)).toHaveLength(1)
		expect(stderr).toContain('ECONNREFUSED')
	})

	it('tell of nothing that cannot begin', async () => {
		told.length = 0
		const other = join(folder, 'other')
		const { code, stderr } = await runCli([...tune, '--output', run(), '--mlflow', url, '--tensorboard', other])
		expect(code).toBe(1)
		expect(stderr).toContain('already holds a run')
		expect(told).toEqual([])
		expect(await readdir(folder)).not.toContain('other')
	})

	it('are usage errors where they make no sense', () => {
		const parse = (...args: string[]) =>
			trackingOptions(new Command().exitOverride().configureOutput({ writeErr: () => {} })).parse(args, {
				from: 'user',
			})
		expect(() => parse('--mlflow', 'localhost')).toThrow(/such as http:\/\/localhost:5000/)
		expect(parse('--mlflow', 'https://host/base').opts().mlflow).toBe('https://host/base')
		for (const inside of ['/runs/one', '/runs/one/events', '/runs/one/..events']) {
			expect(() => tuningRun({ tensorboard: inside }, '/runs/one', false)).toThrow(/such as \/runs\/tensorboard/)
		}
		for (const outside of ['/runs', '/runs/ones', '/']) {
			expect(tuningRun({ tensorboard: outside }, '/runs/one', true)).toMatchObject({ name: 'one-tuning', goesOn: true })
		}
	})
})
