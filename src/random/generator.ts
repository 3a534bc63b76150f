/** The one interface of randomness: every random choice in the project takes a generator explicitly. */

/** A stream of random numbers. Its state is its own; two generators never share one. */
export interface Generator {
	/** The next 32 random bits as an unsigned integer. */
	uint32(): number
	/** Uniform in [0, 1) with 53 bits. */
	uniform(): number
	/** Standard normal. */
	normal(): number
	/** Uniform whole number in [0, n), without modulo bias. */
	below(n: number): number
}
