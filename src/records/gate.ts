/** Release gates: what a model has to reach, the baseline that it must not fall behind, and the verdict on it. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { modelInputSchema, type Resizing, resizings } from './onnx-attack.js'
import { shareSchema } from './parts/accuracy.js'
import { attackSchema } from './parts/attack.js'
import { count, options, positive, sha256, share } from './parts/fields.js'
import { versionsSchema } from './parts/model.js'
import { norms, threatModelSchema } from './parts/threat-model.js'
import type { RecordForm, RecordOf } from './record-form.js'

/** What a gate asks of one accuracy. */
const demands = z.strictObject({
	min: share
		.exactOptional()
		.describe('The lower end of the 95 % Wilson interval must be at least this, as a share in [0, 1].'),
	maxDrop: share
		.exactOptional()
		.describe(
			"Against the baseline, on the same images: fails where the accuracy fell by more than this share and McNemar's exact test finds the difference at the baseline's level.",
		),
})

/** What a gate asks of one accuracy. */
export type Demands = Immutable<z.output<typeof demands>>

const gatedAttack = z.strictObject({
	attack: z.string().describe('Name of an attack, such as `pgd-100`.'),
	set: options.default({}).describe('Options of the attack, over its own.'),
	norm: z.enum(norms).default('linf'),
	epsilon: z
		.union([z.string(), z.number().nonnegative()])
		.describe('Size of the perturbation for pixels in [0, 1], such as `4/255`.'),
	robust: demands,
})

/** Early stops: `certain` has no error of its own; `sprt` states its error rates; `never` attacks the whole sample. */
export const stoppingRules = ['certain', 'sprt', 'never'] as const

const stopping = z.strictObject({
	rule: z
		.enum(stoppingRules)
		.default('certain')
		.describe(
			'`certain`: stop where no outcome of the images left can change the decision. `sprt`: stop as well where a sequential probability ratio test decides. `never`: attack every image.',
		),
	margin: z
		.number()
		.gt(0)
		.lt(1)
		.default(0.1)
		.describe('Of `sprt`: a model whose true accuracy is `min` plus this is to pass.'),
	falsePass: z
		.number()
		.gt(0)
		.lt(0.5)
		.default(0.025)
		.describe('Of `sprt`: bound on the chance that its early stop passes a model whose true accuracy is `min`.'),
	falseFail: z
		.number()
		.gt(0)
		.lt(0.5)
		.default(0.025)
		.describe(
			'Of `sprt`: bound on the chance that its early stop fails a model whose true accuracy is `min + margin`.',
		),
})

/** When a gate stops before its whole sample is attacked. */
export type Stopping = Immutable<z.output<typeof stopping>>

const { layout, range, channelOrder } = modelInputSchema.shape

/** How an ONNX model that says nothing of its input is to be read; as the options of `naptune attack`. */
const onnxDeclaration = z.strictObject({
	layout: layout.exactOptional(),
	range: range.exactOptional(),
	normalisation: z.enum(['none', 'imagenet', 'clip']).exactOptional(),
	mean: z.array(z.number()).exactOptional(),
	std: z.array(z.number()).exactOptional(),
	channelOrder: channelOrder.exactOptional(),
	size: z.tuple([positive, positive]).exactOptional().describe('[height, width], where the model leaves it open.'),
	resize: z.enum(Object.keys(resizings) as Resizing[]).exactOptional(),
	inputName: z.string().exactOptional(),
	outputName: z.string().exactOptional(),
	outputKind: z.enum(['logits', 'probabilities']).exactOptional(),
	classes: z
		.union([z.string(), z.array(z.string())])
		.exactOptional()
		.describe("The model's class names in its order, or a file of them."),
	classMap: z.record(z.string(), z.union([z.string(), count])).exactOptional(),
})

/** How an ONNX model is to be read. */
export type OnnxDeclaration = Immutable<z.output<typeof onnxDeclaration>>

/** `naptune.gate.json`. */
export const gateConfigForm = {
	title: 'the configuration of a gate',
	doc: 'What a model has to reach before it is released: data, attacks, thresholds, a baseline, audit checks and a time budget (naptune gate).',
	advice: 'Correct it, or write one with naptune gate init.',
	schema: z.strictObject({
		$schema: z.string().exactOptional(),
		format: z.literal(1),
		data: z
			.string()
			.describe(
				'A folder with one folder of images per class, a manifest, a data set of the hub, or the name of a data set. Paths are relative to this file.',
			),
		splitSeed: count.default(1).describe('Of the split, where the data come without one.'),
		split: z.enum(['train', 'validation', 'test']).default('test'),
		images: positive.exactOptional().describe('So many, balanced over the classes; by default all.'),
		seed: count.default(1).describe('Of the choice and the order of images, and of the attacks.'),
		clean: demands.exactOptional().describe('Of the accuracy on clean images.'),
		attacks: z.array(gatedAttack).min(1),
		baseline: z
			.strictObject({
				file: z.string().describe('Written by naptune gate --update-baseline; relative to this file.'),
				level: z.number().gt(0).lt(1).default(0.05).describe("Of McNemar's exact two-sided test."),
			})
			.exactOptional(),
		audit: z
			.strictObject({
				checks: z.array(z.string()).min(1).describe('Ids of audit checks that must pass; see docs/audit.md.'),
				images: positive.default(40).describe('So many of the sample, balanced over the classes.'),
				effort: z.enum(['quick', 'full']).default('quick'),
			})
			.exactOptional()
			.describe('Under the threat model of the first attack.'),
		stopping: stopping.prefault({}),
		timeBudget: z
			.number()
			.positive()
			.exactOptional()
			.describe('Seconds of wall-clock time. A gate that takes longer is undecided: it neither passes nor fails.'),
		onnx: onnxDeclaration.exactOptional().describe('Of ONNX models that do not say how they take images.'),
	}),
} satisfies RecordForm<z.ZodType>

/** The configuration of a gate, with every default filled in. */
export type GateConfig = RecordOf<typeof gateConfigForm>

/** Kinds of models that a gate takes. */
export const subjectKinds = ['run', 'vanilla', 'export', 'onnx'] as const

const subject = z.strictObject({
	kind: z.enum(subjectKinds).describe('`vanilla` is the CLIP of a run without what was tuned.'),
	name: z.string(),
	content: sha256.describe('Of everything of the model that decides its outcomes.'),
})

const processor = z
	.string()
	.describe('Type of the processor: outcomes are the same, byte for byte, on processors of one type.')

const outcomes = z
	.string()
	.regex(/^[01]+$/, 'a digit 0 or 1 per image was expected')
	.describe('By image: 1 where the model is right.')

/** Baselines. */
export const gateBaselineForm = {
	title: 'the baseline of a gate',
	doc: 'Which images a released model got right, clean and under the attacks of a gate: what later models are compared with (naptune gate --update-baseline).',
	advice: 'Restore it, or write it again with naptune gate --update-baseline.',
	schema: z.strictObject({
		format: z.literal(1),
		kind: z.literal('gate-baseline'),
		subject,
		images: z.array(z.string()).min(1).describe('Their ids.'),
		clean: outcomes,
		attacks: z.array(
			z.strictObject({ attack: attackSchema, threatModel: threatModelSchema, seed: count, right: outcomes }),
		),
		versions: versionsSchema,
		processor,
	}),
} satisfies RecordForm<z.ZodType>

/** A baseline. */
export type GateBaseline = RecordOf<typeof gateBaselineForm>

const verdict = z
	.enum(['pass', 'fail', 'undecided'])
	.describe('`undecided`: the time budget ended first, so that the gate neither passes nor fails.')

/** How a gate, or one check of it, ends. */
export type Verdict = z.output<typeof verdict>

const check = z.strictObject({
	id: z.string().describe('Such as `clean.min`, `pgd-100-linf-3/255.max-drop`, `audit.zero-gradient`.'),
	title: z.string(),
	status: verdict,
	summary: z.string().describe('One line with the numbers.'),
	images: count.describe('Images that the decision rests on, in the order of the sample.'),
	sample: count.describe('Images of the whole sample.'),
	decidedBy: z
		.enum(['whole sample', 'certainty', 'sequential test', 'audit', 'nothing'])
		.describe('`certainty`: nothing that the images left could show would have changed it.'),
	accuracy: shareSchema
		.exactOptional()
		.describe('Of the images that the decision rests on; its interval is of a sample of fixed size.'),
	threshold: share.exactOptional(),
	comparison: z
		.strictObject({
			onlyBaseline: count.describe('Images that only the baseline gets right.'),
			onlyNow: count.describe('Images that only this model gets right.'),
			drop: z.number().describe('Baseline less this model, as a share of the images.'),
			p: share.describe("McNemar's exact two-sided test."),
			level: share,
		})
		.exactOptional(),
	errors: z
		.strictObject({
			falsePass: share.describe('Chance that a model whose true accuracy is the minimum passes.'),
			falseFail: share.describe('Chance that a model whose true accuracy is the minimum plus the margin fails.'),
			margin: share,
			expectedImages: z
				.tuple([z.number(), z.number()])
				.describe('Images attacked on average, at the minimum and at the minimum plus the margin.'),
		})
		.exactOptional()
		.describe('Worked out exactly for independent images under the stopping rule.'),
})

/** One check of a gate. */
export type GateCheck = Immutable<z.output<typeof check>>

/** The verdict of a gate; the same bytes for the same inputs on one type of processor. */
export const gateVerdictForm = {
	title: 'the verdict of a gate',
	doc: 'Whether a model may be released, check by check (naptune gate). The same inputs give the same bytes on processors of one type.',
	advice: 'Run naptune gate again.',
	schema: z.strictObject({
		format: z.literal(1),
		kind: z.literal('gate-verdict'),
		verdict,
		subject,
		config: sha256.describe('Of the configuration with every default filled in.'),
		dataset: z.strictObject({
			name: z.string(),
			split: z.string(),
			images: positive,
			content: sha256.describe('Of ids, labels and prepared pixels of the sample, in its order.'),
		}),
		seed: count,
		stopping,
		checks: z.array(check),
		notices: z.array(z.string()).describe('What a person must be told before the verdict is believed.'),
		versions: versionsSchema,
		processor,
	}),
} satisfies RecordForm<z.ZodType>

/** A verdict. */
export type GateVerdict = RecordOf<typeof gateVerdictForm>
