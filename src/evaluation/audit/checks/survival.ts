/** Reports what happens to adversarial images stored as pictures. */

import { predictions } from '../../../classifier/predictions.js'
import { at } from '../../../core/at.js'
import { rowSize } from '../../../core/rows.js'
import type { Tensor } from '../../../core/tensor.js'
import { jpegRoundTrip } from '../../../images/jpeg-round-trip.js'
import { logitsOf } from '../attack-run.js'
import type { AuditCheck } from '../audit-check.js'
import type { AuditContext } from '../audit-context.js'
import { type AuditFinding, notApplicable } from '../audit-finding.js'
import { percentText } from '../audit-text.js'
import { shareOf } from '../compare-attacks.js'

const jpegQuality = 90

export const eightBitSurvival: AuditCheck = {
	id: 'eight-bit-survival',
	meaning: 'Reports how many adversarial images still fool the model after their pixels are rounded to 8 bits.',
	advice: 'If they do not, nothing is wrong: an attacker who hands over a file includes the rounding in the attack.',
	run: (context) =>
		survival(context, 'rounded to 8 bits', async (images) => ({
			...images,
			data: images.data.map((value) => Math.round(255 * value) / 255),
		})),
}

export const jpegSurvival: AuditCheck = {
	id: 'jpeg-survival',
	meaning: `Reports how many adversarial images still fool the model after JPEG compression at quality ${jpegQuality}.`,
	advice: 'JPEG is not a defense: an attacker who expects it attacks through it.',
	async run(context) {
		const [channels, height, width] = context.model.inputShape
		if (channels !== 3) return notApplicable(`images have ${channels} channels; JPEG needs 3`)
		return survival(context, `compressed as JPEG of quality ${jpegQuality}`, async (images) => {
			const size = rowSize(images)
			const data = new Float32Array(images.data.length)
			for (let row = 0; row < at(images.shape, 0); row++) {
				context.stopIfAsked()
				const picture = images.data.subarray(row * size, (row + 1) * size)
				data.set(await jpegRoundTrip(picture, { width, height }, jpegQuality), row * size)
			}
			return { ...images, data }
		})
	},
}

/** Accuracy on clean and adversarial images, as they are and stored. */
async function survival(
	context: AuditContext,
	how: string,
	store: (images: Tensor<'float32'>) => Promise<Tensor<'float32'>>,
): Promise<AuditFinding> {
	const { model, images, batchSize } = context
	const clean = await context.clean()
	const attacked = await context.mainAttack()
	const right = async (pixels: Tensor<'float32'>) => {
		const predicted = predictions(await logitsOf(model, await store(pixels), batchSize), images.ids)
		return images.labels.map((label, row) => predicted[row] === label)
	}
	const cleanStored = await right(images.pixels)
	const adversarialStored = await right(await context.mainImages())
	const fooling = attacked.right.flatMap((own, row) => (clean.right[row] && !own ? [row] : []))
	const still = fooling.filter((row) => !adversarialStored[row]).length
	const robust = shareOf(adversarialStored.map((own, row) => own && at(clean.right, row)))
	return {
		status: 'information',
		summary: `${still} of ${fooling.length} adversarial images still fool the model when ${how}; accuracy ${percentText(shareOf(attacked.right))} becomes ${percentText(robust)}, clean ${percentText(shareOf(clean.right))} becomes ${percentText(shareOf(cleanStored))}`,
		images: images.ids.length,
		measured: {
			fooling: fooling.length,
			stillFooling: still,
			accuracyAttacked: shareOf(attacked.right),
			accuracyAttackedStored: robust,
			accuracyClean: shareOf(clean.right),
			accuracyCleanStored: shareOf(cleanStored),
		},
	}
}
