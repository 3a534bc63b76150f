import { describe, expect, it } from 'vitest'
import { prepareAttack } from '../../../attacks/registry.js'
import { shellWord } from '../../../core/shell-word.js'
import type { RunInspection } from '../../../evaluation/deployed/inspect-run.js'
import type { EvaluationRecord } from '../../../evaluation/robustness/recorded-evaluation.js'
import { evaluateCommands, tuneCommand } from './commands.js'

const run = {
	directory: '/runs/my run',
	defense: { name: 'nap', options: {} },
	model: { source: 'openai/clip', sha256: '' },
	data: { origin: { dataset: 'folder', path: "/a/it's here" } },
	config: { seed: 3 },
	preset: {
		name: 'paper',
		version: 2,
		overrides: [
			{ shots: 2, seed: 3 },
			{ defense: { name: 'nap', options: { textPrompts: 2 } }, attack: { epsilon: 0.5 } },
		],
	},
} as unknown as RunInspection

function record(changes: object): EvaluationRecord {
	const { name, attack, source, options } = prepareAttack('pgd-20')
	return {
		attack: { name, attack, source, options: JSON.parse(JSON.stringify(options)) },
		threatModel: { norm: 'linf', epsilon: 2 / 255 },
		dataset: { split: 'test', classNames: ['cat', 'my dog'] },
		images: 50,
		seed: 1,
		knowledge: 'full',
		...changes,
	} as unknown as EvaluationRecord
}

describe('commands', () => {
	it('quote what a shell would take apart', () => {
		expect(['a/b-1.c', 'a b', "it's", '$(rm)', ''].map(shellWord)).toEqual([
			'a/b-1.c',
			"'a b'",
			`'it'\\''s'`,
			"'$(rm)'",
			"''",
		])
	})

	it('tune again with the settings that were asked for', () => {
		expect(tuneCommand(run)).toBe(
			`naptune tune --model openai/clip --data '/a/it'\\''s here' --preset paper --defense nap --seed 3 --set shots=2 --set attack.epsilon=0.5 --set defense.options.textPrompts=2 --output '/runs/my run-again'`,
		)
		expect(tuneCommand({ ...run, preset: null })).toBeUndefined()
	})

	it('evaluate again, each once, with what is not usual', () => {
		const usual = record({})
		const changed = record({
			attack: { ...usual.attack, options: { ...usual.attack.options, steps: 7 } },
			threatModel: { norm: 'l2', epsilon: 0.5 },
			target: 1,
			knowledge: 'transfer',
		})
		const unknown = record({ attack: { ...usual.attack, name: 'their-attack' } })
		expect(evaluateCommands('runs/x', [usual, usual, changed, unknown])).toEqual([
			'naptune evaluate runs/x --attack pgd-20 --epsilon 2/255 --split test --limit 50 --seed 1',
			"naptune evaluate runs/x --attack pgd-20 --set steps=7 --norm l2 --epsilon 0.5 --split test --limit 50 --seed 1 --target 'my dog' --knowledge transfer",
		])
	})

	it('say which stored images were scored, which no attack of evaluate makes again', () => {
		const model = (name: string) => ({ name, sha256: '0'.repeat(64), reads: { input: {} } })
		const models = [model('plain.onnx'), model('with\nline.onnx')]
		const scored = record({
			attack: {
				name: 'mi-cwa',
				attack: 'cwa',
				source: '',
				options: { surrogates: models, made: { seed: 1, models, manifest: 'abc0'.repeat(16) } },
			},
			knowledge: 'transfer',
		})
		expect(evaluateCommands('runs/x', [scored])).toEqual([
			`naptune evaluate runs/x --images STORE --split test --limit 50 # images that naptune generate made on plain.onnx, with line.onnx, whose manifest has the SHA-256 ${'abc0'.repeat(16)}`,
		])
	})
})
