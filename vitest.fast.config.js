import { mergeConfig } from 'vitest/config'
import whole from './vitest.config.js'

/**
 * The tests to run while you write: those that build graphs, records and numbers rather than train, attack by the hundred or
 * start programs. Whole rooms are left out where nearly all tests do such work, single files where they take more than two
 * seconds on a quiet machine. What a change needs beyond them is run by the name of its room: npx vitest run dist/methods.
 */
export const slow = [
	'dist/bench/**',
	'dist/browser/**',
	'dist/cli/**',
	'dist/docs/**',
	'dist/evaluation/**',
	'dist/experiments/**',
	'dist/export/**',
	'dist/gate/**',
	'dist/jobs/**',
	'dist/methods/**',
	'dist/packed.test.js',
	'dist/report/html/**',
	'dist/serve/**',
]

export default mergeConfig(whole, { test: { exclude: slow } })
