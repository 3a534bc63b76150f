/** The examination of an installation, for people. */

import type { doctor } from '../../jobs/doctor.js'
import type { JobResult } from '../../jobs/job.js'
import { counted } from './format.js'
import { textTable } from './table.js'

type Result = JobResult<typeof doctor>

const states = { used: 'runs', installed: 'not needed', unusable: 'does not load', missing: 'not installed' } as const

/** Everything that was examined; problems come last, where people see them. */
export function doctorText(result: Result): string {
	const { engines, places } = result
	return [
		textTable([{ heading: 'naptune' }, { heading: result.naptune }], aboutRows(result)),
		'',
		textTable(
			[{ heading: 'engine' }, { heading: 'version' }, { heading: 'state' }],
			engines.map(({ name, version, state }) => [
				name,
				version ?? '',
				name === 'onnxruntime-web' && state === 'installed' ? 'for --device wasm' : states[state],
			]),
		),
		...engines.flatMap(({ state, folder }) => (state === 'used' ? [`The engine is in ${folder}`] : [])),
		'',
		textTable(
			[
				{ heading: 'folder of' },
				{ heading: 'files', align: 'right' },
				{ heading: 'MB', align: 'right' },
				{ heading: 'free GB', align: 'right' },
				{ heading: 'path' },
			],
			places.map(({ what, files, bytes, freeBytes, folder }) => [
				what,
				files === 0 ? '' : String(files),
				files === 0 ? '' : (bytes / 1e6).toFixed(0),
				freeBytes === null ? '' : (freeBytes / 1e9).toFixed(0),
				folder,
			]),
		),
		'',
		...problemLines(result),
	].join('\n')
}

function aboutRows({ machine, running, providers, parity, imageDecoder }: Result): string[][] {
	const { node, npm, platform, system, libc, processor, cores, features, memoryBytes, freeMemoryBytes } = machine
	const gigabytes = (bytes: number) => (bytes / 1e9).toFixed(1)
	return [
		['Node.js, npm', `${node}, ${npm ?? 'not found'}`],
		['system', `${platform}, ${system}${libc ? `, ${libc}` : ''}`],
		['processor', `${processor}, ${counted(cores, 'core')}`],
		['instructions', features === null ? 'unknown' : features.join(' ')],
		['memory', `${gigabytes(memoryBytes)} GB, ${gigabytes(freeMemoryBytes)} GB free`],
		['engine', running ? `${running.version} on ${running.device}, ${counted(running.threads, 'thread')}` : 'none'],
		['providers', providers.join(', ') || 'none'],
		[
			'parity',
			parity
				? `${parity.distance.toExponential(1)} from the kept logits, ${parity.tolerance} allowed; ${parity.milliseconds} ms per image`
				: 'not measured',
		],
		['pictures', imageDecoder ? 'can be read' : 'cannot be read'],
	]
}

function problemLines({ problems }: Result): string[] {
	if (problems.length === 0) return ['Everything works.']
	return problems.flatMap(({ severity, problem, remedy }) => [
		`${severity === 'error' ? 'Wrong' : 'Advice'}: ${problem}`,
		`  ${remedy}`,
	])
}
