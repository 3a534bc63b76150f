/** An export, for people. */

import type { exportModel } from '../../jobs/export-model.js'
import type { JobResult } from '../../jobs/job.js'
import type { Accuracy } from '../../records/parts/accuracy.js'
import { sizeText } from '../../records/parts/size-text.js'
import { intervalText, percentText } from '../../report/number-text.js'

/** Describes the result in words. */
export function exportText({ output, pushed, files, graphs, measured, dtype }: JobResult<typeof exportModel>): string {
	const { parity, preparation, pipelines, reference, threatModel, attack, dataset } = measured
	const size = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0)
	return [
		`Exported to ${output}: ${graphs.map(({ file }) => file).join(', ')} in ${dtype}, ${(size / 1e6).toFixed(1)} MB in all.`,
		`Compared with the run on ${parity.images} images, logits differ by at most ${parity.largestLogitDifference.toExponential(1)}, ${percentText(parity.labelAgreement)} of labels agree.`,
		...(preparation
			? [
					`Its own preprocessing changes ${percentText(preparation.differingPixels)} of the bytes against naptune's, by at most ${preparation.largestDifference} of 255; ${percentText(preparation.labelAgreement)} of labels agree.`,
				]
			: []),
		`The file on ${dataset.images} test images: clean ${accuracyText(measured.clean)}, under ${attack.name} with ${sizeText(threatModel)} ${accuracyText(measured.robust)}.`,
		...(reference
			? [`The run in float32: clean ${accuracyText(reference.clean)}, attacked ${accuracyText(reference.robust)}.`]
			: []),
		...(pipelines && pipelines.resized > 0
			? [
					`With the resizing of transformers.js pipelines, ${percentText(pipelines.labelAgreement)} of labels agree, clean ${accuracyText(pipelines.clean)}, attacked ${accuracyText(pipelines.robust)}.`,
				]
			: []),
		...(pushed ? [`Pushed to ${pushed.url} as commit ${pushed.commit}.`] : []),
		'The model card is README.md; export.json holds every number.',
	].join('\n')
}

function accuracyText({ accuracy, interval }: Accuracy): string {
	return `${percentText(accuracy)} ${intervalText(interval)}`
}
