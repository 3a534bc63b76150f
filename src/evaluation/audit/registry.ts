/** All checks, in the order of the report. Adding one takes a file and a line here. Checks that look at all attacks come last. */

import type { AuditCheck } from './audit-check.js'
import { deterministicForward } from './checks/deterministic-forward.js'
import { gradientPredictsLoss } from './checks/gradient-predicts-loss.js'
import { largeEpsilon } from './checks/large-epsilon.js'
import { legalPerturbations } from './checks/legal-perturbations.js'
import { logitScale } from './checks/logit-scale.js'
import { enoughClasses, logitsNotProbabilities } from './checks/logits.js'
import { epsilonZero, monotoneEpsilon, monotoneRestarts, monotoneSteps } from './checks/monotone.js'
import { refinerAware, transferWeaker } from './checks/other-knowledge.js'
import { randomNoise } from './checks/random-noise.js'
import { storedImages } from './checks/stored-images.js'
import { autoattackConsistent, gradientFreeWeaker } from './checks/stronger-attacks.js'
import { eightBitSurvival, jpegSurvival } from './checks/survival.js'
import { testTimeOptimisation } from './checks/test-time-optimisation.js'
import { undefendedControl } from './checks/undefended-control.js'
import { zeroGradient } from './checks/zero-gradient.js'

/** All checks, in the order of the report. */
export const auditChecks: readonly AuditCheck[] = [
	deterministicForward,
	testTimeOptimisation,
	logitsNotProbabilities,
	enoughClasses,
	zeroGradient,
	gradientPredictsLoss,
	epsilonZero,
	randomNoise,
	undefendedControl,
	monotoneSteps,
	monotoneEpsilon,
	monotoneRestarts,
	largeEpsilon,
	logitScale,
	autoattackConsistent,
	gradientFreeWeaker,
	transferWeaker,
	refinerAware,
	storedImages,
	eightBitSurvival,
	jpegSurvival,
	legalPerturbations,
]
