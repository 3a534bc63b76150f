/**
 * naptune/attacks: threat models, attacks, and the one engine that runs them. Attacks target a `Classifier` of
 * `naptune/classifier`. Loads in a browser; `openSurrogate`, which opens files, is in `naptune/attacks/files`.
 * @example
 * const attack = prepareAttack('pgd-100')
 * const batch = { images, labels: [3, 8], ids: ['a.png', 'b.png'] }
 * const adversarial = await attackBatch(attack, classifier, batch, threatModel('linf', 4 / 255), imageStreams(1))
 */

export type { AttackBatch } from '../classifier/attack-batch.js'
export type { Classifier } from '../classifier/classifier.js'
export type { Passes } from '../classifier/pass-counter.js'
export { type AgsOptions, ags } from './algorithms/ags/ags.js'
export { apgd } from './algorithms/apgd/apgd.js'
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
export { cwa } from './algorithms/cwa/cwa.js'
export type { CwaOptions } from './algorithms/cwa/cwa-options.js'
export { fab } from './algorithms/fab/fab.js'
export type { FabOptions } from './algorithms/fab/fab-options.js'
export { type FeaturePgdOptions, featurePgd } from './algorithms/feature-pgd/feature-pgd.js'
export { pgd, pgd100, trainingPgd } from './algorithms/pgd/pgd.js'
export type { PgdOptions } from './algorithms/pgd/pgd-options.js'
export { rankedTargets } from './algorithms/ranked-targets.js'
export type { SquareOptions } from './algorithms/square/options.js'
export { square } from './algorithms/square/square.js'
export { requireSurrogates, type Surrogate, type SurrogateReading } from './algorithms/transfer/surrogate.js'
export type {
	AttackDefinition,
	AttackFacts,
	AttackPreset,
	AttackReads,
	ModelAccess,
	PreparedAttack,
} from './attack-definition.js'
export { type AttackSpecification, defineAttack } from './define-attack.js'
export { attackNames, attacks, prepareAttack } from './registry.js'
export { attackBatch } from './run/attack-batch.js'
export { type AttackOutcome, type AttackTrial, cleanRound, isRobust } from './run/attack-outcomes.js'
export type { AttackRound, AttackRun } from './run/attack-round.js'
export { checkedRound } from './run/checked-round.js'
export { type ImageStreams, imageStreams } from './run/image-streams.js'
export { type GradientSight, requireFinite } from './run/require-finite.js'
export { type AttackImages, type AttackProgress, type RunAttackOptions, runAttack } from './run/run-attack.js'
export type { AttackCounts } from './run/tell-progress.js'
export { checkPerturbation, perturbationSizes, perturbationTolerance } from './sets/check-perturbation.js'
export type { PerturbationSet } from './sets/perturbation-set.js'
export { perturbationSet } from './sets/registry.js'
export { epsilonText, sizeText } from './sets/size-text.js'
export { type Norm, parseEpsilon, type ThreatModel, threatModel } from './sets/threat-model.js'
