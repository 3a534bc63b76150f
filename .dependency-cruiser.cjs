/**
 * The direction of imports: a room may import only from rooms above it in this list.
 * Attacks never import clip or defenses, defenses never import attacks; tuning and evaluation are where they meet.
 */
const may = {
	random: [],
	files: [],
	images: ['random', 'files'],
	onnx: ['files'],
	runtime: ['onnx', 'files'],
	hub: ['files'],
	clip: ['hub', 'runtime', 'onnx', 'files', 'images', 'random'],
	data: ['hub', 'images', 'files', 'random'],
	defenses: ['clip', 'images', 'runtime', 'onnx', 'files', 'random'],
	attacks: ['runtime', 'onnx', 'random', 'files'],
	tuning: ['attacks', 'defenses', 'clip', 'data', 'images', 'runtime', 'onnx', 'random', 'files'],
	pretraining: ['tuning', 'clip', 'data', 'images', 'runtime', 'onnx', 'random', 'files'],
	surrogates: ['tuning', 'attacks', 'data', 'images', 'runtime', 'onnx', 'random', 'files'],
	evaluation: ['tuning', 'attacks', 'defenses', 'clip', 'data', 'images', 'runtime', 'onnx', 'random', 'files'],
	experiments: [
		'evaluation',
		'surrogates',
		'tuning',
		'attacks',
		'defenses',
		'clip',
		'data',
		'images',
		'runtime',
		'onnx',
		'random',
		'files',
	],
	report: ['experiments', 'evaluation', 'tuning', 'attacks', 'data', 'images', 'random', 'files'],
	tracking: ['files'],
}
const rooms = Object.keys(may)
module.exports = {
	forbidden: [
		{
			name: 'no-cycles',
			severity: 'error',
			from: {},
			to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
		},
		{ name: 'no-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true, pathNot: '^naptune(/|$)' } },
		...rooms.map((room) => ({
			name: `imports-of-${room}`,
			severity: 'error',
			from: { path: `^src/${room}/`, pathNot: '\\.test\\.ts$' },
			to: { path: '^src/', pathNot: `^src/(errors\\.ts$|${[room, ...may[room]].map((name) => `${name}/`).join('|')})` },
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
