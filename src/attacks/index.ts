/** naptune/attacks: what a classifier is to an attacker, threat models, objectives and attacks. */

export { type AgsOptions, ags, agsDefinition } from './ags.js'
export { apgd, apgdDefinition, apgdRounds } from './apgd.js'
export { type ApgdEvaluation, type ApgdIterate, type ApgdOutcome, type ApgdProblem, apgdRun } from './apgd-core.js'
export type { Pixels } from './apgd-moves.js'
export type { ApgdOptions } from './apgd-options.js'
export { apgdCheckpoints } from './apgd-schedule.js'
export type { Attack, AttackBatch, ImageStreams } from './attack.js'
export type { AttackDefinition, AttackPreset, ModelAccess, PreparedAttack } from './attack-definition.js'
export { type AttackOutcome, type AttackTrial, cleanRound, isRobust } from './attack-outcomes.js'
export { type AttackRound, attackOfRounds } from './attack-round.js'
export { type AutoAttackOptions, autoAttack } from './autoattack.js'
export { bpdaClassifier } from './bpda-classifier.js'
export { checkPerturbation, perturbationSizes, perturbationTolerance } from './check-perturbation.js'
export { checkedAttack } from './checked-attack.js'
export type { Classifier, Taps } from './classifier.js'
export { contrastiveObjective, contrastiveSide } from './contrastive-objective.js'
export { cwa, cwaDefinition } from './cwa.js'
export type { CwaOptions } from './cwa-options.js'
export { type DivergenceObjective, featureKl, klToClean } from './divergence-objectives.js'

export { dlrObjective, targetedDlrObjective } from './dlr-objectives.js'
export { expectedGradient, type StepGradient } from './expected-gradient.js'
export { fab, fabDefinition, fabRounds } from './fab.js'
export type { FabOptions } from './fab-options.js'
export { featureCosine } from './feature-cosine.js'
export { featurePgd, featurePgdDefinition } from './feature-pgd.js'
export {
	type BoundFeeds,
	createGraphClassifier,
	type GraphClassifier,
	type GraphClassifierOptions,
} from './graph-classifier.js'
export { hiddenDraws } from './hidden-draws.js'
export { imageStreams } from './image-streams.js'
export { marginObjective, targetedMarginObjective } from './margin-objectives.js'
export { crossEntropyObjective, type Objective, targetedCrossEntropyObjective } from './objective.js'
export { type OnnxClassifier, type OnnxClassifierOptions, openOnnxClassifier } from './onnx-classifier.js'
export { type InputDeclaration, type ModelInput, type Normalisation, normalisations } from './onnx-input.js'
export { type OpenedSurrogate, openSurrogate } from './open-surrogate.js'
export { type PassCounter, type Passes, passCounter } from './pass-counter.js'
export { type PerturbationSet, perturbationSet } from './perturbation-set.js'
export { pgd, pgd100, pgdDefinition, trainingPgd } from './pgd.js'
export type { PgdOptions, SideInputs } from './pgd-options.js'
export { predictions } from './predictions.js'
export { rankedTargets } from './ranked-targets.js'
export { attackNames, attacks, prepareAttack } from './registry.js'
export {
	type AttackCounts,
	type AttackImages,
	type AttackProgress,
	type RunAttackOptions,
	runAttack,
} from './run-attack.js'
export type { SquareOptions } from './square/options.js'
export { square, squareDefinition } from './square/square.js'
export { requireSurrogates, type Surrogate } from './surrogate.js'
export { type Norm, parseEpsilon, type ThreatModel, threatModel } from './threat-model.js'
