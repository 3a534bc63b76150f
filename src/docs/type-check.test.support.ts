/** Type-checks programs as they would be checked where naptune is installed. */

import ts from 'typescript'
import { root } from './root.js'

const options: ts.CompilerOptions = {
	target: ts.ScriptTarget.ES2022,
	lib: ['lib.es2023.d.ts', 'lib.dom.d.ts'],
	module: ts.ModuleKind.NodeNext,
	moduleResolution: ts.ModuleResolutionKind.NodeNext,
	moduleDetection: ts.ModuleDetectionKind.Force,
	strict: true,
	noUncheckedIndexedAccess: true,
	exactOptionalPropertyTypes: true,
	skipLibCheck: true,
	noEmit: true,
	allowJs: true,
	checkJs: true,
	types: ['node'],
}

/**
 * What is wrong with programs, a line each. `naptune` is this package as it was built.
 * @param programs By the names of their files, relative to the root of the repository; they need not exist.
 */
export function typeErrors(programs: ReadonlyMap<string, string>): string[] {
	const sources = new Map([...programs].map(([name, code]) => [`${root}${name}`, code]))
	const host = ts.createCompilerHost(options)
	const { fileExists, readFile, getSourceFile } = host
	host.fileExists = (path) => sources.has(path) || fileExists(path)
	host.readFile = (path) => sources.get(path) ?? readFile(path)
	host.getSourceFile = (path, language, ...rest) => {
		const code = sources.get(path)
		return code === undefined ? getSourceFile(path, language, ...rest) : ts.createSourceFile(path, code, language, true)
	}
	const program = ts.createProgram([...sources.keys()], options, host)
	return ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
		const where = file
			? `${file.fileName.slice(root.length)}:${file.getLineAndCharacterOfPosition(start).line + 1}`
			: ''
		return `${where} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
	})
}
