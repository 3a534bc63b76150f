/** Examines the machine: Node.js, npm, processor, memory. */

import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { availableParallelism, cpus, freemem, release, totalmem } from 'node:os'
import { promisify } from 'node:util'
import { z } from 'zod'
import { defined } from '../../core/defined.js'
import { isRecord } from '../../core/guards.js'
import { count, positive } from '../../records/parts/fields.js'

/** A snapshot of the machine. */
export const machineSchema = z.object({
	node: z.string().describe('Version of Node.js.'),
	npm: z.string().nullable().describe('Version of npm; null if npm is missing.'),
	platform: z.string().describe('Platform, such as linux-x64.'),
	system: z.string().describe('Version of the operating system.'),
	libc: z.enum(['glibc', 'musl']).exactOptional().describe('C library on Linux; the native engine needs glibc.'),
	processor: z.string(),
	cores: positive.describe('Cores available to this process.'),
	features: z.array(z.string()).nullable().describe('Vector instructions; null if the system does not report them.'),
	memoryBytes: count.describe('Memory of the machine, or the limit of its container.'),
	freeMemoryBytes: count,
})

/** Instructions that matter to matrix products, as Linux names them. */
const vectorInstructions = [
	...['sse4_2', 'avx', 'fma', 'avx2', 'avx512f', 'avx512_vnni', 'avx512_bf16', 'amx_tile', 'amx_bf16', 'amx_int8'],
	...['neon', 'asimd', 'asimddp', 'i8mm', 'bf16', 'sve', 'sve2'],
]

/** Examines the machine. */
export async function examineMachine(): Promise<z.output<typeof machineSchema>> {
	const limit = process.constrainedMemory()
	const memoryBytes = limit > 0 && limit < totalmem() ? limit : totalmem()
	return {
		node: process.versions.node,
		npm: await npmVersion(),
		platform: `${process.platform}-${process.arch}`,
		system: release(),
		...defined({ libc: process.platform === 'linux' ? linuxLibrary() : undefined }),
		processor: cpus()[0]?.model.trim() || 'unknown',
		cores: availableParallelism(),
		features: await vectorFeatures(),
		memoryBytes,
		freeMemoryBytes: Math.min(freemem(), memoryBytes),
	}
}

function linuxLibrary(): 'glibc' | 'musl' {
	const report: unknown = process.report.getReport()
	const header = isRecord(report) && isRecord(report.header) ? report.header : {}
	return 'glibcVersionRuntime' in header ? 'glibc' : 'musl'
}

async function npmVersion(): Promise<string | null> {
	try {
		// On Windows npm is a script, which needs a shell.
		const shell = process.platform === 'win32'
		return (await promisify(execFile)('npm', ['--version'], { shell, timeout: 10_000 })).stdout.trim()
	} catch {
		return null
	}
}

async function vectorFeatures(): Promise<string[] | null> {
	try {
		const text = await readFile('/proc/cpuinfo', 'utf8')
		const flags = new Set((/^(?:flags|Features)\s*:(.*)$/m.exec(text)?.[1] ?? '').trim().split(/\s+/))
		return vectorInstructions.filter((name) => flags.has(name))
	} catch {
		return null
	}
}
