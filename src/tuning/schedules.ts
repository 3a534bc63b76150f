/** Learning rate and weight of the adversarial loss by 0-based epoch, constant within an epoch. */

/** Learning-rate schedule of the paper's training code: one constant warm-up epoch, then a cosine by epoch. */
export interface LearningRateSchedule {
	/** Peak rate. */
	readonly learningRate: number
	/** Rate of epoch 0; undefined for no warm-up epoch. */
	readonly warmupRate?: number | undefined
	/** Number of epochs T of the whole run. */
	readonly epochs: number
}

/**
 * The rate of an epoch: the warm-up rate for epoch 0, then lr · (1 + cos(π (e - 1) / T)) / 2. It never reaches 0.
 * Without warm-up, lr · (1 + cos(π e / T)) / 2. (Dassl's scheduler as logged by the authors' precursor code.)
 */
export function learningRateAt(epoch: number, { learningRate, warmupRate, epochs }: LearningRateSchedule): number {
	if (warmupRate !== undefined && epoch === 0) return warmupRate
	const done = warmupRate === undefined ? epoch : epoch - 1
	return learningRate * 0.5 * (1 + Math.cos((Math.PI * done) / epochs))
}

/** How the adversarial loss is weighted. */
export type AlphaSchedule =
	| { readonly kind: 'sigmoid'; readonly alpha: number }
	| { readonly kind: 'constant'; readonly alpha: number }

/** Weight of the adversarial loss: α₀ · sigmoid(10 (τ / T - 0.5)) with τ the epoch (equation 17), or constant. */
export function alphaAt(epoch: number, epochs: number, { kind, alpha }: AlphaSchedule): number {
	return kind === 'constant' ? alpha : alpha / (1 + Math.exp(-10 * (epoch / epochs - 0.5)))
}
