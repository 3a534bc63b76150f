import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { didYouMeanPath } from './nearest-path.js'

it('names what exists and is written nearly so', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'naptune-path-'))
	try {
		await mkdir(join(folder, 'runs', 'photos', 'evaluations'), { recursive: true })
		const at = (...names: string[]) => didYouMeanPath(join(folder, ...names))
		expect(at('runs', 'photo')).toBe(` Did you mean ${join(folder, 'runs', 'photos')}?`)
		expect(at('run', 'photos', 'evaluations')).toBe(` Did you mean ${join(folder, 'runs', 'photos', 'evaluations')}?`)
		// Two names of it are wrong, nothing is near, or nothing is wrong.
		expect([at('run', 'photo'), at('runs', 'something'), at('runs', 'photos'), didYouMeanPath('')]).toEqual([
			'',
			'',
			'',
			'',
		])
	} finally {
		await rm(folder, { recursive: true, force: true })
	}
})
