/** Release gates: the requirements for a model, the baseline it must not fall behind, and the verdict. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { modelInputSchema, type Resizing, resizings } from './onnx-attack.js'
import { shareSchema } from './parts/accuracy.js'
import { attackSchema } from './parts/attack.js'
import { count, options, positive, sha256, share } from './parts/fields.js'
import { versionsSchema } from './parts/model.js'
import { norms, threatModelSchema } from './parts/threat-model.js'
import type { RecordForm, RecordOf } from './record-form.js'

/** A gate's requirements for one accuracy. */
const demands = z.strictObject({
	min: share.exactOptional().describe('Minimum for the lower end of the 95 % Wilson interval, as a share in [0, 1].'),
	maxDrop: share
		.exactOptional()
		.describe(
			"Compared with the baseline on the same images: fails if the accuracy fell by more than this share and McNemar's exact test finds the difference significant at the baseline's level.",
		),
})

/** A gate's requirements for one accuracy. */
export type Demands = Immutable<z.output<typeof demands>>

const gatedAttack = z.strictObject({
	attack: z.string().describe('Name of an attack, such as `pgd-100`.'),
	set: options.default({}).describe('Options of the attack that override its defaults.'),
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
			'`certain`: stop when the remaining images can no longer change the decision. `sprt`: also stop when a sequential probability ratio test decides. `never`: attack every image.',
		),
	margin: z
		.number()
		.gt(0)
		.lt(1)
		.default(0.1)
		.describe('For `sprt`: a model with a true accuracy of `min` plus this should pass.'),
	falsePass: z
		.number()
		.gt(0)
		.lt(0.5)
		.default(0.025)
		.describe('For `sprt`: bound on the chance that an early stop passes a model whose true accuracy is `min`.'),
	falseFail: z
		.number()
		.gt(0)
		.lt(0.5)
		.default(0.025)
		.describe(
			'For `sprt`: bound on the chance that an early stop fails a model whose true accuracy is `min + margin`.',
		),
})

/** When a gate may stop before it has attacked the whole sample. */
export type Stopping = Immutable<z.output<typeof stopping>>

const { layout, range, channelOrder } = modelInputSchema.shape

/** The input of an ONNX model that does not describe it, as in the options of `naptune attack`. */
const onnxDeclaration = z.strictObject({
	layout: layout.exactOptional(),
	range: range.exactOptional(),
	normalisation: z.enum(['none', 'imagenet', 'clip']).exactOptional(),
	mean: z.array(z.number()).exactOptional(),
	std: z.array(z.number()).exactOptional(),
	channelOrder: channelOrder.exactOptional(),
	size: z.tuple([positive, positive]).exactOptional().describe('[height, width], if the model leaves them open.'),
	resize: z.enum(Object.keys(resizings) as Resizing[]).exactOptional(),
	inputName: z.string().exactOptional(),
	outputName: z.string().exactOptional(),
	outputKind: z.enum(['logits', 'probabilities']).exactOptional(),
	classes: z
		.union([z.string(), z.array(z.string())])
		.exactOptional()
		.describe("The class names in the model's order, or a file of them."),
	classMap: z.record(z.string(), z.union([z.string(), count])).exactOptional(),
})

/** The declared input of an ONNX model. */
export type OnnxDeclaration = Immutable<z.output<typeof onnxDeclaration>>

/** `naptune.gate.json`. */
export const gateConfigForm = {
	title: 'the configuration of a gate',
	doc: 'Requirements for the release of a model: data, attacks, thresholds, a baseline, audit checks and a time budget (naptune gate).',
	advice: 'Correct it, or write one with naptune gate init.',
	schema: z.strictObject({
		$schema: z.string().exactOptional(),
		format: z.literal(1),
		data: z
			.string()
			.describe(
				'A folder with one folder of images per class, a manifest, a data set of the hub, or the name of a data set. Paths are relative to this file.',
			),
		splitSeed: count.default(1).describe('Seed of the split, if the data come without one.'),
		split: z.enum(['train', 'validation', 'test']).default('test'),
		images: positive.exactOptional().describe('Number of images, balanced over the classes; by default all.'),
		seed: count.default(1).describe('Seed of the choice and order of images, and of the attacks.'),
		clean: demands.exactOptional().describe('Requirements for the accuracy on clean images.'),
		attacks: z.array(gatedAttack).min(1),
		baseline: z
			.strictObject({
				file: z.string().describe('Written by naptune gate --update-baseline; relative to this file.'),
				level: z.number().gt(0).lt(1).default(0.05).describe("Significance level of McNemar's exact two-sided test."),
			})
			.exactOptional(),
		audit: z
			.strictObject({
				checks: z.array(z.string()).min(1).describe('Ids of audit checks that must pass; see docs/audit.md.'),
				images: positive.default(40).describe('Number of images of the sample, balanced over the classes.'),
				effort: z.enum(['quick', 'full']).default('quick'),
			})
			.exactOptional()
			.describe('Audit checks, under the threat model of the first attack.'),
		stopping: stopping.prefault({}),
		timeBudget: z
			.number()
			.positive()
			.exactOptional()
			.describe('Seconds of wall-clock time. A gate that exceeds them is undecided; it neither passes nor fails.'),
		onnx: onnxDeclaration.exactOptional().describe('Input of ONNX models that do not describe it.'),
	}),
} satisfies RecordForm<z.ZodType>

/** The configuration of a gate, with every default filled in. */
export type GateConfig = RecordOf<typeof gateConfigForm>

/** Kinds of models that a gate accepts. */
export const subjectKinds = ['run', 'vanilla', 'export', 'onnx'] as const

const subject = z.strictObject({
	kind: z.enum(subjectKinds).describe('`vanilla` is the CLIP of a run without the tuned parameters.'),
	name: z.string(),
	content: sha256.describe('SHA-256 of everything in the model that determines its outcomes.'),
})

const processor = z.string().describe('Type of the processor; outcomes are byte-identical on processors of one type.')

const outcomes = z
	.string()
	.regex(/^[01]+$/, 'expected a digit 0 or 1 per image')
	.describe('One digit per image: 1 if the model is right.')

/** Baselines. */
export const gateBaselineForm = {
	title: 'the baseline of a gate',
	doc: 'Which images a released model got right, clean and under the attacks of a gate, as the reference for later models (naptune gate --update-baseline).',
	advice: 'Restore it, or write it again with naptune gate --update-baseline.',
	schema: z.strictObject({
		format: z.literal(1),
		kind: z.literal('gate-baseline'),
		subject,
		images: z.array(z.string()).min(1).describe('Ids of the images.'),
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
	.describe('`undecided`: the time budget ran out first, so that the gate neither passes nor fails.')

/** Outcome of a gate or of one check. */
export type Verdict = z.output<typeof verdict>

const check = z.strictObject({
	id: z.string().describe('Id, such as `clean.min`, `pgd-100-linf-3/255.max-drop`, `audit.zero-gradient`.'),
	title: z.string(),
	status: verdict,
	summary: z.string().describe('One line with the numbers.'),
	images: count.describe('Images behind the decision, in the order of the sample.'),
	sample: count.describe('Images of the whole sample.'),
	decidedBy: z
		.enum(['whole sample', 'certainty', 'sequential test', 'audit', 'nothing'])
		.describe('`certainty`: the remaining images could not have changed the decision.'),
	accuracy: shareSchema
		.exactOptional()
		.describe('Accuracy on the images behind the decision; its interval assumes a sample of fixed size.'),
	threshold: share.exactOptional(),
	comparison: z
		.strictObject({
			onlyBaseline: count.describe('Images that only the baseline gets right.'),
			onlyNow: count.describe('Images that only this model gets right.'),
			drop: z.number().describe('Accuracy of the baseline minus that of this model.'),
			p: share.describe("P-value of McNemar's exact two-sided test."),
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
				.describe('Mean number of attacked images, at the minimum and at the minimum plus the margin.'),
		})
		.exactOptional()
		.describe('Computed exactly for independent images under the stopping rule.'),
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
		config: sha256.describe('SHA-256 of the configuration with every default filled in.'),
		dataset: z.strictObject({
			name: z.string(),
			split: z.string(),
			images: positive,
			content: sha256.describe('SHA-256 of ids, labels and preprocessed pixels of the sample, in its order.'),
		}),
		seed: count,
		stopping,
		checks: z.array(check),
		notices: z.array(z.string()).describe('What a reader must know before believing the verdict.'),
		versions: versionsSchema,
		processor,
	}),
} satisfies RecordForm<z.ZodType>

/** A verdict. */
export type GateVerdict = RecordOf<typeof gateVerdictForm>
