import { expect, it } from 'vitest'
import { rootText } from './root.js'

it('the README is short, and begins with the two commands that CI and newcomers run', async () => {
	const readme = await rootText('README.md')
	expect(readme.split('\n').length).toBeLessThanOrEqual(200)
	const commands = [...readme.matchAll(/```sh\n(.*?)\n```/gs)].map(([, block]) => block)
	expect(commands.slice(0, 2)).toEqual(['npm ci && npm run demo', 'npm ci && npm test'])
})
