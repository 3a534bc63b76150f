import { existsSync } from 'node:fs'
import { copyFile, mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { runCli, writePhotos, writeTinyModel } from '../cli/cli.test.helper.js'
import { naptuneArguments, shellCommands } from './dry-parse.test.support.js'
import { parsePage } from './page.test.support.js'
import { rootText } from './root.js'

/** What takes longer than a test may; other tests run the same commands on less. */
const slow = ['autoattack', 'audit', 'runs/first']

let folder = ''
beforeAll(async () => {
	folder = await mkdtemp(join(tmpdir(), 'naptune-started-'))
	// A folder wins over the hub: a small model stands in for the released one.
	await writeTinyModel(join(folder, 'openai', 'clip-vit-base-patch16'))
	await writePhotos(join(folder, 'photos'), ['cat', 'dog'], 8)
	const [picture = ''] = await readdir(join(folder, 'photos', 'cat'))
	await copyFile(join(folder, 'photos', 'cat', picture), join(folder, 'holiday.jpg'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('leads from photos to a report, command by command', { timeout: 600_000 }, async () => {
	const { blocks } = parsePage(await rootText('docs/getting-started.md'))
	const commands = blocks
		.filter(({ language }) => language === 'sh')
		.flatMap(({ code }) => shellCommands(code).flatMap((words) => naptuneArguments(words)?.join(' ') ?? []))
		.filter((command) => !slow.some((word) => command.includes(word)))
	expect(commands.map((command) => command.split(' ', 1).join())).toEqual([
		'data',
		'tune',
		'evaluate',
		'classify',
		'report',
	])
	for (const command of commands) {
		const { code, stderr } = await runCli(command.split(' '), { cwd: folder })
		expect(code, `${command}\n${stderr}`).toBe(0)
	}
	expect(existsSync(join(folder, 'runs', 'photos', 'parameters.safetensors'))).toBe(true)
	expect(existsSync(join(folder, 'runs', 'photos', 'report.html'))).toBe(true)
})
