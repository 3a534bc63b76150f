import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { describe, expect, it } from 'vitest'
import { dryParse, naptuneArguments, shellCommands } from './dry-parse.test.support.js'
import { parsePage } from './page.test.support.js'
import { root, rootText } from './root.js'
import { typeErrors } from './type-check.test.support.js'
import { pagePaths } from './written.js'

const blocks = (
	await Promise.all(
		(
			await pagePaths()
		).map(async (path) =>
			parsePage(await rootText(path)).blocks.map((block) => ({ ...block, where: `${path}:${block.line}` })),
		),
	)
).flat()
const ofLanguage = (...languages: readonly string[]) => blocks.filter(({ language }) => languages.includes(language))
const { scripts } = JSON.parse(await rootText('package.json')) as { readonly scripts: Readonly<Record<string, string>> }

/** Why a command cannot be run as it is written; undefined where it can. */
async function wrong(words: readonly string[]): Promise<string | undefined> {
	const args = naptuneArguments(words)
	if (args) return dryParse(args)
	const [program, first = '', second = ''] = words
	if (program === 'npm' && first === 'run') return second in scripts ? undefined : `there is no script ${second}`
	if (program === 'node' && !first.startsWith('-'))
		return existsSync(`${root}${first}`) ? undefined : `there is no ${first}`
	return undefined
}

/** Blocks of commands: of shell, and of a terminal, where commands stand after a dollar sign. */
const commandBlocks = [
	...ofLanguage('sh'),
	...ofLanguage('console').map((block) => ({
		...block,
		code: [...block.code.matchAll(/^\$ (.*)$/gm)].map(([, line]) => line).join('\n'),
	})),
]

describe('commands of the documentation', () => {
	it.each(commandBlocks)('$where can be run', async ({ code }) => {
		for (const words of shellCommands(code)) expect(await wrong(words), words.join(' ')).toBeUndefined()
	})

	it('are many, so that this looks at something', () => {
		const run = commandBlocks.flatMap(({ code }) => shellCommands(code).filter(naptuneArguments))
		expect(run.length).toBeGreaterThan(40)
	})

	it('that are wrong are found', async () => {
		const say = async (line: string) => wrong(shellCommands(line)[0] ?? [])
		expect(await say('npx naptune evalute runs/a')).toMatch(/unknown command/)
		expect(await say('HF_HUB_OFFLINE=1 naptune tune --output runs/a --shosts 4')).toMatch(/unknown option '--shosts'/)
		expect(await say('naptune tune --shots many --output runs/a')).toMatch(/whole number/)
		expect(await say('npm run nothing')).toMatch(/no script/)
		expect(await say('node scripts/nothing.mjs')).toMatch(/there is no/)
		expect(await say('naptune data doctor dtd --json > found.json # and more')).toBeUndefined()
	})
})

describe('programs of the documentation', () => {
	it('have no type errors against the built package', async () => {
		const written = ofLanguage('ts', 'js').map(({ code }, position) => [`block-${position}.mts`, code] as const)
		const names = (await readdir(`${root}examples`)).filter((name) => name.endsWith('.mjs'))
		const examples = await Promise.all(
			names.map(async (name) => [`examples/${name}`, await rootText(`examples/${name}`)] as const),
		)
		expect(written.length).toBeGreaterThan(6)
		expect(examples.length).toBeGreaterThan(4)
		// One that is wrong goes along, so that a check which sees nothing is noticed.
		const wrong = ['wrong.mts', "import { tune } from 'naptune'\nawait tune({ shots: 'many' })\n"] as const
		const errors = typeErrors(new Map([...written, ...examples, wrong]))
		expect(errors.filter((error) => !error.startsWith('wrong.mts'))).toEqual([])
		expect(errors).toEqual([expect.stringMatching(/^wrong\.mts:2 Type 'string' is not assignable/)])
	})
})

it.each(ofLanguage('json'))('JSON of $where can be parsed', ({ code }) => {
	expect(() => JSON.parse(code)).not.toThrow()
})
