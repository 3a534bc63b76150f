/** naptune/attacks: what a classifier is to an attacker, threat models, objectives and attacks. */

export { type AgsOptions, ags, agsDefinition } from './ags.js'
export type { Attack, AttackBatch, ImageStreams } from './attack.js'
export type { AttackDefinition, AttackPreset, ModelAccess, PreparedAttack } from './attack-definition.js'
export { type AttackRound, attackOfRounds } from './attack-round.js'
export { checkPerturbation, perturbationSizes, perturbationTolerance } from './check-perturbation.js'
export { checkedAttack } from './checked-attack.js'
export type { Classifier, Taps } from './classifier.js'
export { contrastiveObjective, contrastiveSide } from './contrastive-objective.js'
export { cwa, cwaDefinition } from './cwa.js'
export type { CwaOptions } from './cwa-options.js'
export { type DivergenceObjective, featureKl, klToClean } from './divergence-objectives.js'
export { featureCosine } from './feature-cosine.js'
export {
	type BoundFeeds,
	createGraphClassifier,
	type GraphClassifier,
	type GraphClassifierOptions,
} from './graph-classifier.js'
export { imageStreams } from './image-streams.js'
export { crossEntropyObjective, type Objective, targetedCrossEntropyObjective } from './objective.js'
export { type OnnxClassifier, type OnnxClassifierOptions, openOnnxClassifier } from './onnx-classifier.js'
export { type InputDeclaration, type ModelInput, type Normalisation, normalisations } from './onnx-input.js'
export { type OpenedSurrogate, openSurrogate } from './open-surrogate.js'
export { type PerturbationSet, perturbationSet } from './perturbation-set.js'
export { pgd, pgd100, pgdDefinition, trainingPgd } from './pgd.js'
export type { PgdOptions, SideInputs } from './pgd-options.js'
export { predictions } from './predictions.js'
export { attackNames, attacks, prepareAttack } from './registry.js'
export {
	type AttackCounts,
	type AttackImages,
	type AttackOutcome,
	type AttackProgress,
	isRobust,
	type RunAttackOptions,
	runAttack,
} from './run-attack.js'
export { requireSurrogates, type Surrogate } from './surrogate.js'
export { type Norm, parseEpsilon, type ThreatModel, threatModel } from './threat-model.js'
