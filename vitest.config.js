import { defineConfig } from 'vitest/config'

// Tests run on the compiled output, so that what is tested (worker threads included) is what ships.
export default defineConfig({
	test: {
		include: ['dist/**/*.test.js'],
		// What takes minutes runs by itself afterwards: vitest.alone.config.js.
		exclude: ['dist/**/*.alone.test.js'],
		pool: 'forks',
		maxWorkers: 2,
		// Property tests draw the same cases everywhere; to look for new ones, change the seed there.
		setupFiles: ['./vitest.setup.js'],
		// Test files run side by side and share the cores.
		env: { NAPTUNE_SPINNING: '0' },
		testTimeout: 120_000,
		hookTimeout: 120_000,
	},
})
