/** Checks that stored adversarial images still have their effect. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { predictions } from '../../../classifier/predictions.js'
import { at } from '../../../core/at.js'
import { range, takeRows } from '../../../core/rows.js'
import { loadTensors, saveTensors } from '../../../training/tensor-set.js'
import { logitsOf } from '../attack-run.js'
import type { AuditCheck } from '../audit-check.js'

export const storedImages: AuditCheck = {
	id: 'stored-images',
	meaning:
		'Adversarial images, stored as float32, read back and classified in another order and batch size, reproduce every recorded outcome.',
	advice:
		'The model is not deterministic, depends on the batch, or images lose precision when stored: fix that, and count only the reproduced outcomes.',
	async run(context) {
		const { model, images, batchSize } = context
		const { right } = await context.mainAttack()
		const { right: clean } = await context.clean()
		const folder = await mkdtemp(join(tmpdir(), 'naptune-audit-'))
		try {
			const path = join(folder, 'adversarial.safetensors')
			await saveTensors(path, { adversarial: await context.mainImages() })
			const { adversarial } = await loadTensors(path)
			const backwards = range(0, images.ids.length).toReversed()
			const logits = await logitsOf(model, takeRows(adversarial!, backwards), Math.max(1, batchSize - 1))
			const predicted = predictions(
				logits,
				backwards.map((row) => at(images.ids, row)),
			)
			const differing = backwards.filter(
				(row, index) => at(clean, row) && (predicted[index] === images.labels[row]) !== right[row],
			).length
			return {
				status: differing > 0 ? 'fail' : 'pass',
				summary: differing > 0 ? `${differing} outcomes differ` : 'all outcomes agree',
				images: images.ids.length,
				measured: { differing },
			}
		} finally {
			await rm(folder, { recursive: true, force: true })
		}
	},
}
