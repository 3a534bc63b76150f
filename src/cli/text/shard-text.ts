/** A finished shard, for people. */

import type { JobResult } from '../../jobs/job.js'
import type { reproduceShard } from '../../jobs/reproduce-shard.js'
import { duration } from './format.js'

/** What was done, and how all shards become one result. */
export function shardText(result: JobResult<typeof reproduceShard>): string {
	const { shard, shards, folder, attacks, parts, seconds } = result
	return [
		`Shard ${shard} of ${shards} is done: ${attacks} attacks, ${parts} of them on a part of the images, in ${duration(seconds)}.`,
		`It is in ${folder}`,
		`When all ${shards} are done, run the same command with --merge in place of --shard, on a machine that sees their folders.`,
	].join('\n')
}
