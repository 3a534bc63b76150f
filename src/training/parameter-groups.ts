/** What is particular about some of the parameters of an optimizer: learning rates and weight decay by group. */

/** One group. */
export interface ParameterGroup {
	/** Times the learning rate; default 1. */
	readonly rate?: number
	/** Whether weight decay applies; default true. */
	readonly decays?: boolean
}

/** The group of a parameter by its name; undefined for what is not particular. */
export type GroupOf = (name: string) => ParameterGroup | undefined
