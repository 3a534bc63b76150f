import { describe, expect, it } from 'vitest'
import { parseShard } from './shard.js'

describe('parseShard', () => {
	it('reads what was written', () => {
		expect(parseShard('3/16', {})).toEqual({ number: 3, count: 16 })
		expect(parseShard('1/1', {})).toEqual({ number: 1, count: 1 })
	})

	it('asks the scheduler', () => {
		const slurm = { SLURM_ARRAY_TASK_ID: '12', SLURM_ARRAY_TASK_MIN: '10', SLURM_ARRAY_TASK_COUNT: '4' }
		expect(parseShard('auto', slurm)).toEqual({ number: 3, count: 4 })
		const kubernetes = { JOB_COMPLETION_INDEX: '0', NAPTUNE_SHARDS: '8' }
		expect(parseShard('auto', kubernetes)).toEqual({ number: 1, count: 8 })
	})

	it.each([
		['17/16', {}, /shard 17 of 16; shards are numbered from 1/],
		['0/4', {}, /shard 0 of 4/],
		['3', {}, /--shard 3 is not a shard. Write it as 3\/16/],
		['1/99999', {}, /at most 10,000/],
		['auto', {}, /neither SLURM_ARRAY_TASK_ID/],
		['auto', { JOB_COMPLETION_INDEX: '2' }, /NAPTUNE_SHARDS, the number of completions/],
		['auto', { SLURM_ARRAY_TASK_ID: 'x', SLURM_ARRAY_TASK_COUNT: '2' }, /SLURM_ARRAY_TASK_ID is "x"/],
		// Ids in steps of 2: the last task would be shard 3 of 2.
		['auto', { SLURM_ARRAY_TASK_ID: '3', SLURM_ARRAY_TASK_COUNT: '2' }, /The Slurm array is shard 3 of 2/],
	])('refuses %s with %j', (text, environment, message) => {
		expect(() => parseShard(text, environment)).toThrow(message)
	})
})
