import { readdir } from 'node:fs/promises'
import { expect, it } from 'vitest'
import { root, rootText } from './root.js'

it('the page on architecture has a line for every room', async () => {
	const entries = await readdir(`${root}src`, { withFileTypes: true })
	const rooms = entries.flatMap((one) => (one.isDirectory() ? [one.name] : []))
	const [, table = ''] = (await rootText('docs/architecture.md')).split('\n## Rooms\n')
	const listed = [
		...table
			.split('\n## ', 1)
			.join()
			.matchAll(/^\| `([\w-]+)`/gm),
	].map(([, name = '']) => name)
	expect(listed.toSorted()).toEqual(rooms.toSorted())
})
