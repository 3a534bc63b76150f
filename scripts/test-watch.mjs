/**
 * Runs tests while you work: compiles changes and runs the affected tests. Passes its arguments to vitest, such as the name of
 * a room. Ends on Ctrl-C.
 */

import { spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = new URL('..', import.meta.url)
const bin = (name) => fileURLToPath(new URL(`node_modules/${name}`, root))
const compiler = [bin('typescript/bin/tsc'), '-p', 'tsconfig.json']
const run = { cwd: root, stdio: 'inherit' }

// Compile once, so that the first tests do not run on stale output. Type errors do not keep tests from running.
spawnSync(process.execPath, compiler, run)
const watching = spawn(process.execPath, [...compiler, '--watch', '--preserveWatchOutput'], run)
const config = ['--config', 'vitest.fast.config.js']
const testing = spawn(process.execPath, [bin('vitest/vitest.mjs'), 'watch', ...config, ...process.argv.slice(2)], run)
testing.on('exit', (code) => {
	watching.kill()
	process.exitCode = code ?? 1
})
watching.on('exit', () => testing.kill())
