/**
 * The direction of imports. A room imports only rooms above it in this list, types included; tests may look anywhere above
 * and below. That no Node module is reachable from the rooms which a browser loads is checked by tsconfig.browser.json: it
 * compiles their entry points, and all that these reach, without the types of Node.js.
 */
const rooms = [
	'core',
	'random',
	'files',
	'images',
	'hub',
	'records',
	'statistics',
	'onnx',
	'runtime',
	'classifier',
	'attacks',
	'vlm',
	'checkpoints',
	'data',
	'defenses',
	'training',
	'methods',
	'evaluation',
	'experiments',
	'report',
	'tracking',
	'export',
	'serve',
	'gate',
	'cluster',
	'bench',
	'jobs',
	'cli',
	'docs',
]
const tests = '\\.test(\\.support|\\.helper)?\\.ts$'

module.exports = {
	forbidden: [
		{ name: 'no-cycles', severity: 'error', from: { pathNot: tests }, to: { circular: true } },
		{ name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^naptune(/|$)' } },
		...rooms.map((room, at) => ({
			name: `imports-of-${room}`,
			severity: 'error',
			from: { path: `^src/${room}/`, pathNot: tests },
			to: { path: `^src/(${[...rooms.slice(at + 1), 'index\\.ts'].join('|')})` },
		})),
	],
	options: {
		tsPreCompilationDeps: true,
		tsConfig: { fileName: 'tsconfig.json' },
		doNotFollow: { path: 'node_modules' },
		// As Node.js resolves ES modules; some packages offer nothing else.
		enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import', 'default'] },
	},
}
