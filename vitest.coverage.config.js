import { mergeConfig } from 'vitest/config'
import fast from './vitest.fast.config.js'

// Source maps lead from what runs to the sources; tests and their helpers are not counted.
export default mergeConfig(fast, {
	test: {
		coverage: {
			enabled: true,
			provider: 'v8',
			include: ['src/**/*.ts', 'dist/**/*.js'],
			exclude: ['**/*.test.*', 'src/examples/**', 'dist/examples/**'],
			reporter: ['text-summary', 'html', 'lcov'],
			reportsDirectory: 'coverage',
		},
	},
})
