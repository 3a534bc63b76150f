#!/usr/bin/env node
/** The `naptune` command. */

import { leave, stopSignals } from './leave.js'
import { run } from './run.js'

process.exitCode = await run(process.argv.slice(2))

// Work that a stopped command abandoned must not keep the process alive.
if (process.exitCode === stopSignals.SIGINT) process.stdout.write('', () => leave('SIGINT'))
if (process.exitCode === stopSignals.SIGTERM) process.stdout.write('', () => leave('SIGTERM'))
