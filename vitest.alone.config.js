import { defineConfig } from 'vitest/config'

// Tests that take minutes have both cores to themselves.
export default defineConfig({
	test: {
		include: ['dist/**/*.alone.test.js'],
		fileParallelism: false,
		setupFiles: ['./vitest.setup.js'],
		hookTimeout: 900_000,
	},
})
