/** Learning rate and weight of the adversarial loss by 0-based epoch, constant within an epoch. */

/** Learning-rate schedule as Dassl has it, by epoch: warm-up epochs, then a cosine. */
export interface LearningRateSchedule {
	/** Peak rate. */
	readonly learningRate: number
	/** Rate of epoch 0 (and, with constant warm-up, of all warm-up epochs); undefined for no warm-up. */
	readonly warmupRate?: number | undefined
	/** Default 1. */
	readonly warmupEpochs?: number
	/** `constant` (default), or `linear`: after epoch 0 the share epoch / warmupEpochs of the peak. */
	readonly warmup?: 'constant' | 'linear'
	/** After warm-up: `cosine` (default), or `constant` at the peak. */
	readonly decay?: 'cosine' | 'constant'
	/** Number of epochs T of the whole run. */
	readonly epochs: number
}

/**
 * The rate of an epoch. After w warm-up epochs it is lr · (1 + cos(π (e - w) / T)) / 2, which never reaches 0 (Dassl's
 * schedulers; the constant one as logged by the authors' precursor code).
 */
export function learningRateAt(epoch: number, schedule: LearningRateSchedule): number {
	const { learningRate, warmupRate, warmupEpochs = 1, warmup = 'constant', decay = 'cosine', epochs } = schedule
	const warming = warmupRate === undefined ? 0 : warmupEpochs
	if (warmupRate !== undefined && epoch < warming) {
		return epoch === 0 || warmup === 'constant' ? warmupRate : (learningRate * epoch) / warming
	}
	if (decay === 'constant') return learningRate
	return learningRate * 0.5 * (1 + Math.cos((Math.PI * (epoch - warming)) / epochs))
}

/** How the adversarial loss is weighted: by one number, along a sigmoid, or growing in proportion to the epoch. */
export interface AlphaSchedule {
	readonly kind: 'sigmoid' | 'linear' | 'constant'
	readonly alpha: number
}

/**
 * Weight of the adversarial loss: α₀ · sigmoid(10 (τ / T - 0.5)) with τ the epoch (equation 17), α₀ · τ / T (the ramp of
 * the authors' precursor code), or constant.
 */
export function alphaAt(epoch: number, epochs: number, { kind, alpha }: AlphaSchedule): number {
	if (kind === 'constant') return alpha
	if (kind === 'linear') return (alpha * epoch) / epochs
	return alpha / (1 + Math.exp(-10 * (epoch / epochs - 0.5)))
}
