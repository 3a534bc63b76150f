import { describe, expect, it } from 'vitest'
import { runCli } from './cli.test.helper.js'
import { commandList, nameOf } from './command-list.js'
import { createProgram } from './run.js'

const commands = [
	'demo',
	'tune',
	'evaluate',
	'audit',
	'attack',
	'compare',
	'data',
	'defenses',
	'distortion',
	'generate',
	'inspect',
	'classify',
	'serve',
	'calibrate',
	'retrieve',
	'pretrain',
	'surrogate',
	'bench',
]

describe.concurrent('naptune', () => {
	it('lists its commands and exit codes', async () => {
		const { code, stdout, stderr } = await runCli(['--help'])
		expect(code).toBe(0)
		expect(stderr).toBe('')
		for (const name of commands) expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
		expect(stdout).toMatch(/130 +stopped by Ctrl-C/)
	})

	it('prints its version', async () => {
		const { code, stdout } = await runCli(['--version'])
		expect(code).toBe(0)
		expect(stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
	})

	it('shows help on stderr and fails when nothing was asked for', async () => {
		const { code, stdout, stderr } = await runCli([])
		expect(code).toBe(2)
		expect(stdout).toBe('')
		expect(stderr).toContain('Usage: naptune')
	})

	it('suggests the command and the option that were meant', async () => {
		const command = await runCli(['evalute', 'run'])
		expect(command.code).toBe(2)
		expect(command.stderr).toContain('Did you mean evaluate?')
		const option = await runCli(['evaluate', 'run', '--limt', '5'])
		expect(option.code).toBe(2)
		expect(option.stderr).toContain('Did you mean --limit?')
	})

	it('says what is wrong with a value, in JSON when asked', async () => {
		const { code, stdout, stderr } = await runCli(['demo', '--threads', 'many', '--json'])
		expect(code).toBe(2)
		expect(stderr).toContain('whole number of at least 1')
		const { error } = JSON.parse(stdout) as { error: { message: string; exitCode: number } }
		expect(error.exitCode).toBe(2)
		expect(error.message).toContain('--threads')
	})

	it('prints a stack only when asked', async () => {
		const plain = await runCli(['evaluate', '/nowhere'])
		expect(plain.code).toBe(1)
		expect(plain.stderr).toMatch(/^error: .*\/nowhere holds no tuning run/)
		expect(plain.stderr).not.toContain('    at ')
		const traced = await runCli(['evaluate', '/nowhere'], { env: { NAPTUNE_DEBUG: '1' } })
		expect(traced.code).toBe(1)
		expect(traced.stderr).toContain('    at ')
	})

	it('ends quietly when nobody reads its output', async () => {
		const { startCli } = await import('./cli.test.helper.js')
		const running = startCli(['--help'])
		running.process.stdout?.destroy()
		const { code, stderr } = await running.finished
		expect([0, 141]).toContain(code)
		expect(stderr).toBe('')
	})
})

const program = await createProgram(commandList.map(nameOf))

describe('the list of commands', () => {
	it('says of each what its own help says', async () => {
		const empty = await createProgram([])
		expect(empty.helpInformation()).toBe(program.helpInformation())
		expect(empty.commands.map((command) => command.description())).toEqual(
			program.commands.map((command) => command.description()),
		)
	})
})

describe('help of every command', () => {
	const flatten = (command: typeof program): (typeof program)[] =>
		command.commands.length === 0 ? [command] : command.commands.flatMap((inner) => flatten(inner as typeof program))

	it.each(flatten(program).map((command) => [command.name(), command] as const))('%s', (_name, command) => {
		let text = ''
		command.configureOutput({
			writeOut: (part) => {
				text += part
			},
		})
		command.outputHelp()
		expect(text).toMatch(/Examples?:\n {2}\$ /)
		for (const flag of ['--device', '--threads', '--json', '--quiet']) expect(text).toContain(flag)
		// Whatever takes a value says what happens without it.
		for (const option of command.options) {
			if (!option.required || option.mandatory || option.defaultValue !== undefined) continue
			if (['run', 'output'].includes(option.attributeName()) && command.name() !== 'demo') continue
			expect(option.description, option.flags).toContain('default:')
		}
	})
})
