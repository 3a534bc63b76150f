import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli } from '../cli/cli.test.helper.js'
import { present } from '../core/at.js'
import { createEngine } from '../runtime/index.js'
import { engineVersion, platform } from '../runtime/node/native-library.js'
import { examineEngines } from './doctor/engines.js'
import { examinePlace } from './doctor/places.js'
import { doctor, doctorResult, problemsOf } from './doctor.js'
import type { JobResult } from './job.js'

let folder: string
let found: JobResult<typeof doctor>
beforeAll(async () => {
	folder = mkdtempSync(join(tmpdir(), 'naptune-doctor-'))
	found = await doctor({})
})
afterAll(() => rmSync(folder, { recursive: true }))

it('finds the engine, the machine and the folders, and nothing that cannot work', () => {
	expect(doctorResult.parse(found)).toEqual(found)
	expect(found.running).toMatchObject({ device: 'cpu', version: `onnxruntime-node ${engineVersion}` })
	expect(found.engines.filter(({ state }) => state === 'used')).toHaveLength(1)
	expect(found.engines.map(({ name }) => name)).toContain(`@naptune/onnxruntime-${platform}`)
	expect(found.engines.at(-1)).toMatchObject({ name: 'onnxruntime-web', version: engineVersion, state: 'installed' })
	expect(found.providers).toContain('cpu')
	expect(found.machine).toMatchObject({ node: process.versions.node, npm: expect.stringMatching(/^\d+\./) })
	expect(found.places.map(({ setBy }) => setBy)).toEqual(expect.arrayContaining(['HF_HOME', 'NAPTUNE_CACHE']))
	expect(found.imageDecoder).toBe(true)
	expect(found.problems.filter(({ severity }) => severity === 'error')).toEqual([])
})

it('compares logits with values that every engine of float32 gives', async () => {
	expect(found.parity).toMatchObject({ agrees: true, logits: expect.any(Array) })
	expect(found.parity?.distance).toBeLessThan(1e-4)
	const engine = await createEngine({ device: 'wasm', threads: 1 })
	const { parity, running, problems } = await doctor({}, { engine: async () => engine })
	await engine.close()
	expect(running?.device).toBe('wasm')
	expect(parity?.distance).toBeLessThan(1e-4)
	// It was asked for; the native engine is there.
	expect(problems.filter(({ severity }) => severity === 'error')).toEqual([])
})

describe('problems', () => {
	const wrong = (change: object) => problemsOf({ ...structuredClone(found), ...change } as typeof found)

	it('name what is wrong, with a remedy each', () => {
		const { machine, parity } = found
		expect(wrong({ machine: { ...machine, node: '18.20.1' } })[0]).toMatchObject({
			severity: 'error',
			problem: 'Node.js 18.20.1 is too old.',
		})
		expect(wrong({ machine: { ...machine, memoryBytes: 2e9 } })[0]).toMatchObject({ severity: 'advice' })
		expect(wrong({ parity: { ...parity, distance: 0.5, agrees: false } })[0]).toMatchObject({
			severity: 'error',
			problem: expect.stringContaining('differs by 0.50'),
		})
		const engines = [{ name: 'onnxruntime-node', version: '1', state: 'unusable', reason: 'no symbol' }]
		const slow = wrong({ engines, running: { version: 'onnxruntime-web 1', device: 'wasm', threads: 1 } })
		expect(slow.map(({ severity }) => severity)).toEqual(['advice', 'error'])
		for (const { remedy } of slow) expect(remedy).toContain(`npm install onnxruntime-node@${engineVersion}`)
		const full = { ...present(found.places[0], 'place'), freeBytes: 1e8, writable: false }
		expect(wrong({ places: [full] }).map(({ severity }) => severity)).toEqual(['error', 'advice'])
	})

	it('come from a native engine that does not load', async () => {
		writeFileSync(join(folder, 'package.json'), '{ "main": "index.js" }')
		writeFileSync(join(folder, 'index.js'), 'throw new Error("libstdc++ is too old")')
		const { engines, providers } = await examineEngines([
			{ name: 'broken', folder, version: '1.0.0' },
			{ name: 'absent' },
		])
		expect(engines[0]).toMatchObject({ state: 'unusable', reason: 'broken does not load: libstdc++ is too old' })
		expect(engines[1]).toMatchObject({ state: 'missing', version: null })
		expect(providers).toEqual([])
	})
})

it('measures folders that are there and those that are not', async () => {
	const place = await examinePlace('a test', folder, 'NOTHING')
	expect(place).toMatchObject({ exists: true, writable: true, files: 2 })
	expect(place.bytes).toBeGreaterThan(20)
	expect(await examinePlace('a test', join(folder, 'a', 'b'), 'NOTHING')).toMatchObject({ exists: false, files: 0 })
})

it('ends the command with 3 where something cannot work, and with 0 else', async () => {
	const absent = process.platform === 'win32' ? 'coreml' : 'dml'
	const [bad, good] = await Promise.all([runCli(['doctor', '--device', absent]), runCli(['doctor', '--json'])])
	expect(bad.code).toBe(3)
	expect(bad.stdout).toMatch(new RegExp(`^Wrong: Device ${absent} is not in this build`, 'm'))
	expect(good.code).toBe(0)
	expect(doctorResult.parse(JSON.parse(good.stdout)).problems.map(({ severity }) => severity)).not.toContain('error')
})
