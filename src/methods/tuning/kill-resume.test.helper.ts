/** A tuning run in its own process, which kills itself at a given point, as `kill -9` would. */

import { watch } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { loadClip } from '../../checkpoints/load-clip.js'
import { createEngine } from '../../runtime/index.js'
import { tuningConfig } from './configuration.js'
import { tinyDataset, tinyTuning } from './tiny.test.support.js'
import { tune } from './tune.js'

/** When the run kills itself. */
export type KillPoint =
	/** After this many image visits of the whole run, in the middle of a step. */
	| { readonly images: number }
	/** After this many images of a feature bank. */
	| { readonly bank: number }
	/** Once an epoch's line is in the log and before the state is saved. */
	| { readonly epoch: number }
	/** While it writes a file whose name begins with this. */
	| { readonly writing: string }
	/** After this time, with its first images still missing. */
	| { readonly stuckSeconds: number }

const [model, output, kill, overrides] = process.argv.slice(2) as [string, string, string, string]
const at = JSON.parse(kill) as KillPoint | null
const die = () => process.kill(process.pid, 'SIGKILL')

await mkdir(output, { recursive: true })
if (at && 'writing' in at) {
	watch(output, (_, name) => {
		if (name?.startsWith(`.${at.writing}`)) die()
	})
}
const dataset = tinyDataset()
const stuck = { ...dataset, train: { ...dataset.train, image: () => new Promise<never>(() => {}) } }
if (at && 'stuckSeconds' in at) setTimeout(die, 1000 * at.stuckSeconds)
const engine = await createEngine({ threads: 1 })
const { finished } = await tune({
	engine,
	clip: await loadClip(model),
	dataset: at && 'stuckSeconds' in at ? stuck : dataset,
	config: tuningConfig({ ...tinyTuning(), ...JSON.parse(overrides) }),
	output,
	resume: true,
	onProgress: ({ imagesDone }) => {
		if (at && 'images' in at && imagesDone >= at.images) die()
	},
	onBank: (done) => {
		if (at && 'bank' in at && done >= at.bank) die()
	},
	onEpoch: ({ epoch }) => {
		if (at && 'epoch' in at && epoch === at.epoch) die()
	},
})
await engine.close()
process.exit(finished ? 0 : 3)
