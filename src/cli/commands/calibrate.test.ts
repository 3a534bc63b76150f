import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCli, runJson, tinyTuning, writePhotos, writeTinyModel } from '../cli.test.helper.js'

let folder: string
let run: string
let photo: string

beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-calibrate-'))
	run = join(folder, 'run')
	photo = join(folder, 'photos', 'red_thing', '0.png')
	await writeTinyModel(join(folder, 'model'))
	await writePhotos(join(folder, 'photos'), undefined, 10)
	expect(await tune(run)).toBe(0)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function tune(output: string, ...more: readonly string[]): Promise<number | null> {
	const data = ['--model', join(folder, 'model'), '--data', join(folder, 'photos')]
	return (await runCli(['tune', ...data, ...tinyTuning, ...more, '--output', output])).code
}

const classify = (directory: string, ...more: string[]) =>
	runJson(['classify', photo, '--run', directory, '--threads', '1', ...more])

interface Classified {
	readonly calibration: { readonly images: number; readonly heavilyCorrected: { readonly target: number } }
	readonly images: readonly {
		readonly refinement: {
			readonly heavilyCorrected: boolean
			readonly correction: { readonly score: number; readonly pValue: number }
		}
	}[]
}

describe('classify with a run that has refiners', () => {
	it('calibrates at the first use and tells how heavily a picture was corrected', async () => {
		const path = join(run, 'calibration.json')
		expect(existsSync(path)).toBe(false)
		const { code, document, stderr } = await classify(run)
		expect(code, stderr).toBe(0)
		const { calibration, images } = document as Classified
		const { scores } = JSON.parse(await readFile(path, 'utf8')) as { scores: { correction: number[] } }
		expect(calibration).toMatchObject({
			split: 'validation',
			images: 6,
			heavilyCorrected: { target: 0.05, threshold: null },
		})
		const { correction, heavilyCorrected } = images[0]!.refinement
		const atLeast = scores.correction.filter((score) => score >= correction.score).length
		expect(correction.pValue).toBe((1 + atLeast) / 7)
		expect(heavilyCorrected).toBe(false)
		// A calibration in which no clean image was corrected as much.
		const lenient = await classify(run, '--false-positive-rate', '0.999')
		expect((lenient.document as Classified).images[0]?.refinement.heavilyCorrected).toBe(correction.pValue <= 0.999)
	})

	it('tells it in words', async () => {
		const { stdout, code } = await runCli(['classify', photo, '--run', run])
		expect(code).toBe(0)
		expect(stdout).toMatch(/^ {2}correction 0\.\d+ \(p [\d.]+\)$/m)
		expect(stdout).toContain('An attacker who knows this score can evade it.')
		expect(stdout).toContain('6 clean validation images are too few to flag any at 5 %')
		const lenient = await runCli(['classify', photo, '--run', run, '--false-positive-rate', '0.3'])
		expect(lenient.stdout).toContain(
			'flagged where p is at most 30 %, which flags 1 of the 6 clean validation images that set it; expect at most 30 % of new images like them.',
		)
	})

	it('refuses a false-positive rate where no run could correct anything', async () => {
		const args = ['classify', photo, '--model', join(folder, 'model'), '--classes', 'red,green']
		expect((await runCli(args)).code).toBe(0)
		const { code, stdout, stderr } = await runCli([...args, '--false-positive-rate', '0.05'])
		expect(code).toBe(2)
		expect(stdout).toBe('')
		expect(stderr).toMatch(/^error: --false-positive-rate .* Add --run <folder>/)
	})

	it('makes a damaged calibration anew, and says so', async () => {
		const path = join(run, 'calibration.json')
		const whole = await readFile(path, 'utf8')
		await writeFile(path, whole.slice(0, 100))
		const { code, stderr } = await classify(run)
		expect(code).toBe(0)
		expect(stderr).toContain('calibration.json is damaged')
		expect(await readFile(path, 'utf8')).toBe(whole)
	})
})

describe('naptune calibrate', () => {
	it('measures whether the score detects attacks, also one that evades it', async () => {
		const args = [
			'calibrate',
			run,
			'--attack',
			'pgd-5',
			'--limit',
			'6',
			'--false-positive-rate',
			'0.3',
			'--threads',
			'1',
		]
		const { code, document, stderr } = await runJson(args)
		expect(code, stderr).toBe(0)
		const { calibration, detection } = document as {
			calibration: { heavilyCorrected: { threshold: number; flaggedOfOwn: number } }
			detection: {
				record: string
				attacks: { objective: string; scores: { score: string; areaUnderRoc: number; detected: { share: number } }[] }[]
			}
		}
		// Of 7 places, 0.3 allows two, of which one is the image itself.
		expect(calibration.heavilyCorrected.flaggedOfOwn).toBe(1)
		// Where the images set the threshold themselves there is nothing to estimate.
		expect(Object.keys(calibration.heavilyCorrected)).not.toContain('interval')
		expect(detection.attacks.map(({ objective }) => objective)).toEqual([
			'cross-entropy',
			'cross-entropy minus 10 times correction',
		])
		const record = JSON.parse(await readFile(detection.record, 'utf8')) as {
			attack: { name: string }
			outcomes: { attacked: { correction: number }[] }[]
		}
		expect(record.attack.name).toBe('pgd-5')
		expect(record.outcomes).toHaveLength(6)
		for (const [at, { scores }] of detection.attacks.entries()) {
			const flagged = record.outcomes.filter(
				({ attacked }) => attacked[at]!.correction > calibration.heavilyCorrected.threshold,
			)
			expect(scores[0]?.detected.share).toBe(flagged.length / 6)
		}
	})

	it('prints tables for people', async () => {
		const args = ['calibrate', run, '--attack', 'pgd-5', '--limit', '3', '--adaptive-weight', '0']
		const { code, stdout } = await runCli(args)
		expect(code).toBe(0)
		expect(stdout).toContain('Scores of 6 clean validation images')
		expect(stdout).toMatch(/^ {2}correction {2}: .*; too few images to flag any at 5 %$/m)
		expect(stdout).toMatch(/^pgd-5, cross-entropy +correction +\d+\.\d % \[/m)
		expect(stdout).toContain('This run did not measure such an attacker')
		expect((await runCli(['calibrate', run])).stdout).not.toContain('AUROC')
	})

	it('says what is wrong with a rate', async () => {
		const { code, stderr } = await runCli(['calibrate', run, '--false-positive-rate', '5'])
		expect(code).toBe(2)
		expect(stderr).toContain('between 0 and 1')
	})
})

describe('a run without refiners', () => {
	it('is classified with as before, and cannot be calibrated', async () => {
		const output = join(folder, 'coop')
		const options = [
			'--defense',
			'coop',
			'--set',
			'defense.options={"textPrompts":2}',
			'--set',
			'loss=clean-plus-adversarial',
		]
		expect(await tune(output, ...options)).toBe(0)
		const { code, document } = await classify(output)
		expect(code).toBe(0)
		expect(Object.keys(document as object)).toEqual(['defense', 'classNames', 'images'])
		expect(Object.keys((document as { images: object[] }).images[0]!)).toEqual(['path', 'classes'])
		expect(existsSync(join(output, 'calibration.json'))).toBe(false)
		const { stdout } = await runCli(['classify', photo, '--run', output, '--top', '1'])
		expect(stdout.trimEnd().split('\n')).toHaveLength(2)
		const refused = await runCli(['calibrate', output])
		expect(refused.code).toBe(1)
		expect(refused.stderr).toContain('changes no image tokens')
	})
})
