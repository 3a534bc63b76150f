import { mergeConfig } from 'vitest/config'
import whole from './vitest.config.js'

/**
 * The tests to run while you write: those that build graphs, records and numbers rather than train, attack by the hundred or
 * start programs. Whole rooms are left out where nearly all tests do such work, single files where they take more than two
 * seconds on a quiet machine. What a change needs beyond them is run by the name of its room: npx vitest run dist/methods.
 */
export const slow = [
	'dist/attacks/clip-attack.test.js',
	'dist/attacks/every-attack.test.js',
	'dist/bench/**',
	'dist/browser/**',
	'dist/checkpoints/older-checkpoints.test.js',
	'dist/classifier/files/**',
	'dist/cli/**',
	'dist/data/hub/**',
	'dist/data/loading/image-loader.test.js',
	'dist/defenses/baselines.test.js',
	'dist/defenses/gradients.test.js',
	'dist/defenses/nap.test.js',
	'dist/docs/**',
	'dist/evaluation/**',
	'dist/experiments/**',
	'dist/export/**',
	'dist/gate/**',
	'dist/hub/hostile-hub.test.js',
	'dist/jobs/**',
	'dist/methods/**',
	'dist/packed.test.js',
	'dist/report/html/**',
	'dist/runtime/node/close.test.js',
	'dist/runtime/node/fallback.test.js',
	'dist/runtime/node/leak.test.js',
	'dist/serve/**',
	'dist/start.test.js',
	'dist/vlm/parity-vit-b-32.test.js',
	'dist/vlm/parity.test.js',
]

export default mergeConfig(whole, { test: { exclude: slow } })
