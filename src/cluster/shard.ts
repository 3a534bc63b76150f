/** Determines this process's part of the work, from an option or from the scheduler. */

import { NaptuneError } from '../core/errors.js'
import type { Shard } from '../experiments/shards.js'

/** The largest number of shards. */
export const mostShards = 10_000

/**
 * Parses `3/16`, or `auto`, which reads the scheduler's variables: a task of a Slurm array (`SLURM_ARRAY_TASK_ID`, `_MIN`,
 * `_COUNT`, with ids in steps of 1), or a pod of an indexed Kubernetes job (`JOB_COMPLETION_INDEX`, with the number of
 * completions in
 * `NAPTUNE_SHARDS`, because Kubernetes does not set it).
 * @throws NaptuneError for anything else, numbers out of range included.
 */
export function parseShard(text: string, environment: Readonly<Record<string, string | undefined>>): Shard {
	if (text === 'auto') return scheduledShard(environment)
	const [, number, count] = /^(\d+)\/(\d+)$/.exec(text) ?? []
	if (number === undefined || count === undefined) {
		throw new NaptuneError('NAP_OPTION_INVALID', `--shard ${text} is not a shard. Write it as 3/16, or auto.`)
	}
	return checked(Number(number), Number(count), `--shard ${text}`)
}

function scheduledShard(environment: Readonly<Record<string, string | undefined>>): Shard {
	const { SLURM_ARRAY_TASK_ID: task, SLURM_ARRAY_TASK_MIN: first = '1', SLURM_ARRAY_TASK_COUNT: tasks } = environment
	if (task !== undefined && tasks !== undefined) {
		const number = whole(task, 'SLURM_ARRAY_TASK_ID') - whole(first, 'SLURM_ARRAY_TASK_MIN') + 1
		return checked(number, whole(tasks, 'SLURM_ARRAY_TASK_COUNT'), 'The Slurm array')
	}
	const { JOB_COMPLETION_INDEX: index, NAPTUNE_SHARDS: shards } = environment
	if (index !== undefined && shards !== undefined) {
		const number = whole(index, 'JOB_COMPLETION_INDEX') + 1
		return checked(number, whole(shards, 'NAPTUNE_SHARDS'), 'The indexed job')
	}
	throw new NaptuneError(
		'NAP_OPTION_MISSING',
		`--shard auto found ${index === undefined ? 'neither SLURM_ARRAY_TASK_ID with SLURM_ARRAY_TASK_COUNT nor JOB_COMPLETION_INDEX' : 'JOB_COMPLETION_INDEX, but not NAPTUNE_SHARDS, the number of completions,'} in the environment. Start it in a Slurm array or an indexed Kubernetes job, or write the shard as 3/16.`,
	)
}

function whole(text: string, name: string): number {
	if (/^\d+$/.test(text)) return Number(text)
	throw new NaptuneError('NAP_OPTION_INVALID', `${name} is ${JSON.stringify(text)}; expected a whole number.`)
}

function checked(number: number, count: number, what: string): Shard {
	if (number >= 1 && number <= count && count <= mostShards) return { number, count }
	throw new NaptuneError(
		'NAP_OPTION_INVALID',
		`${what} is shard ${number} of ${count}; shards are numbered from 1 to their count, which is at most ${mostShards.toLocaleString('en')}.`,
	)
}
