import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { entry } from '../../core/at.js'
import { doublesOf, relativeError } from '../../files/golden.test.support.js'
import { sha256OfFile } from '../../files/sha256.js'
import { temporaryFolder } from '../../files/temporary-folder.test.helper.js'
import { createEngine } from '../../runtime/index.js'
import { loadTensors } from '../../training/tensor-set.js'
import { tinyClip, tinyDataset, tinyTuning } from './tiny.test.support.js'
import { tune } from './tune.js'

/** Parameters of this run as they were before towers became an interface (commit 31b7672), on a processor with AVX-512. */
const frozen = fileURLToPath(new URL('../../../fixtures/frozen-run/parameters.safetensors', import.meta.url))

/** Whether the engine takes the same kernels as there: others round differently. */
async function sameKernels(): Promise<boolean> {
	if (process.platform !== 'linux' || process.arch !== 'x64') return false
	return / avx512f /.test(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''))
}

it('a run of NAP on a CLIP ends at the bytes at which it ended before there were other families', async () => {
	const folder = await temporaryFolder()
	const engine = await createEngine({ threads: 1 })
	try {
		const clip = await tinyClip(join(folder, 'model'))
		const output = join(folder, 'run')
		await tune({ engine, clip, dataset: tinyDataset(), config: tinyTuning(), output })
		const path = join(output, 'parameters.safetensors')
		const expected = await doublesOf(frozen)
		const found = await loadTensors(path)
		expect(Object.keys(found).sort()).toEqual([...expected.keys()].sort())
		// Six steps of AdamW divide by small gradients, which makes more of a last digit.
		for (const [name, { data }] of Object.entries(found)) {
			expect(relativeError(data, entry(expected, name)), name).toBeLessThan(1e-3)
		}
		if (await sameKernels()) expect(await sha256OfFile(path)).toBe(await sha256OfFile(frozen))
	} finally {
		await engine.close()
	}
})
