/** naptune/attacks: what a classifier is to an attacker, threat models, objectives and attacks. */

export type { AttackBatch } from '../classifier/attack-batch.js'
export { bpdaClassifier } from '../classifier/bpda-classifier.js'
export type { Classifier, Taps } from '../classifier/classifier.js'
export { expectedGradient, type StepGradient } from '../classifier/expected-gradient.js'
export {
	type BoundFeeds,
	createGraphClassifier,
	type GraphClassifier,
	type GraphClassifierOptions,
} from '../classifier/graph-classifier.js'
export { hiddenDraws } from '../classifier/hidden-draws.js'
export { contrastiveObjective, contrastiveSide } from '../classifier/objectives/contrastive-objective.js'
export { type DivergenceObjective, featureKl, klToClean } from '../classifier/objectives/divergence-objectives.js'
export { dlrObjective, targetedDlrObjective } from '../classifier/objectives/dlr-objectives.js'
export { featureCosine } from '../classifier/objectives/feature-cosine.js'
export { marginObjective, targetedMarginObjective } from '../classifier/objectives/margin-objectives.js'
export {
	crossEntropyObjective,
	type Objective,
	targetedCrossEntropyObjective,
} from '../classifier/objectives/objective.js'
export type { SideInputs } from '../classifier/objectives/side-inputs.js'
export {
	type OnnxClassifier,
	type OnnxClassifierOptions,
	openOnnxClassifier,
} from '../classifier/onnx-file/onnx-classifier.js'
export {
	type InputDeclaration,
	type ModelInput,
	type Normalisation,
	normalisations,
} from '../classifier/onnx-file/onnx-input.js'
export { type PassCounter, type Passes, passCounter } from '../classifier/pass-counter.js'
export { predictions } from '../classifier/predictions.js'
export { type AgsOptions, ags, agsDefinition } from './algorithms/ags/ags.js'
export { apgd, apgdDefinition, apgdRounds } from './algorithms/apgd/apgd.js'
export {
	type ApgdEvaluation,
	type ApgdIterate,
	type ApgdOutcome,
	type ApgdProblem,
	apgdRun,
} from './algorithms/apgd/apgd-core.js'
export type { Pixels } from './algorithms/apgd/apgd-moves.js'
export type { ApgdOptions } from './algorithms/apgd/apgd-options.js'
export { apgdCheckpoints } from './algorithms/apgd/apgd-schedule.js'
export { type AutoAttackOptions, autoAttack } from './algorithms/autoattack/autoattack.js'
export { cwa, cwaDefinition } from './algorithms/cwa/cwa.js'
export type { CwaOptions } from './algorithms/cwa/cwa-options.js'
export { fab, fabDefinition, fabRounds } from './algorithms/fab/fab.js'
export type { FabOptions } from './algorithms/fab/fab-options.js'
export { featurePgd, featurePgdDefinition } from './algorithms/feature-pgd/feature-pgd.js'
export { pgd, pgd100, pgdDefinition, trainingPgd } from './algorithms/pgd/pgd.js'
export type { PgdOptions } from './algorithms/pgd/pgd-options.js'
export { rankedTargets } from './algorithms/ranked-targets.js'
export type { SquareOptions } from './algorithms/square/options.js'
export { square, squareDefinition } from './algorithms/square/square.js'
export { type OpenedSurrogate, openSurrogate } from './algorithms/transfer/open-surrogate.js'
export { requireSurrogates, type Surrogate } from './algorithms/transfer/surrogate.js'
export type { AttackDefinition, AttackPreset, ModelAccess, PreparedAttack } from './attack-definition.js'
export { attackNames, attacks, prepareAttack } from './registry.js'
export type { Attack, ImageStreams } from './run/attack.js'
export { type AttackOutcome, type AttackTrial, cleanRound, isRobust } from './run/attack-outcomes.js'
export { type AttackRound, attackOfRounds } from './run/attack-round.js'
export { checkedAttack } from './run/checked-attack.js'
export { imageStreams } from './run/image-streams.js'
export {
	type AttackCounts,
	type AttackImages,
	type AttackProgress,
	type RunAttackOptions,
	runAttack,
} from './run/run-attack.js'
export { checkPerturbation, perturbationSizes, perturbationTolerance } from './sets/check-perturbation.js'
export type { PerturbationSet } from './sets/perturbation-set.js'
export { perturbationSet } from './sets/registry.js'
export { type Norm, parseEpsilon, type ThreatModel, threatModel } from './sets/threat-model.js'
