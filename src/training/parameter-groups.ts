/** Exceptions for some parameters of an optimizer: learning rate and weight decay by group. */

/** One group. */
export interface ParameterGroup {
	/** Factor on the learning rate; default 1. */
	readonly rate?: number
	/** Whether weight decay applies; default true. */
	readonly decays?: boolean
}

/** The group of a parameter by its name; undefined for a parameter without exceptions. */
export type GroupOf = (name: string) => ParameterGroup | undefined
