/** Findings about a data set, for people. */

import type { Examination, ExaminedSplit } from '../../data/examination.js'
import { type SplitName, splitNames } from '../../data/folders/listing.js'
import type { dataDoctor } from '../../jobs/data-doctor.js'
import type { JobResult } from '../../jobs/job.js'
import { grouped } from './format.js'
import { textTable } from './table.js'

/** The doctor's findings on one data set, or on all in a data root. */
export function doctorText(result: JobResult<typeof dataDoctor>): string {
	if (!('examinations' in result)) return examinationText(result)
	const { root, examinations, absent } = result
	return [
		...examinations.map((examination) => `${examinationText(examination)}\n`),
		...(absent.length > 0
			? [`Not in ${root}: ${absent.join(', ')}. Run naptune data doctor NAME to see where to get them.`]
			: []),
	].join('\n')
}

/** Whether a data set has problems. */
export function foundProblems(result: JobResult<typeof dataDoctor>): boolean {
	const examinations = 'examinations' in result ? result.examinations : [result]
	return examinations.some(({ problems }) => problems.length > 0)
}

/** The examination as text: numbers by split, files, images, and problems at the end. */
function examinationText(found: Examination): string {
	const { name, title, folder, notices, problems, obtain, splits } = found
	const wrong = problems.length > 0 ? ['Wrong:', ...problems.map((problem) => `  ${problem}`)] : [nothingWrong(found)]
	return [
		`${title === undefined ? name : `${title} (${name})`}${folder === undefined ? '' : ` in ${folder}`}`,
		...(splits ? ['', splitTable(splits, found.classNames)] : []),
		...section([...found.lists.map(listText), ...imagesText(found), ...namesText(found)]),
		...section(notices.map((notice) => `note: ${notice}`)),
		'',
		...wrong,
		...(problems.length > 0 && obtain.length > 0 ? ['', 'Where to get it:', ...obtain.map((part) => `  ${part}`)] : []),
	].join('\n')
}

/** Claims no more than was examined. */
function nothingWrong({ decoded }: Examination): string {
	if (!decoded) return 'No problem found; images were not decoded.'
	return `No problem found in ${grouped(decoded.images)} of ${grouped(decoded.of)} images.`
}

function section(lines: readonly string[]): string[] {
	return lines.length > 0 ? ['', ...lines] : []
}

function splitTable(splits: Readonly<Record<SplitName, ExaminedSplit>>, classNames: readonly string[]): string {
	return textTable(
		[
			{ heading: 'split' },
			{ heading: 'images', align: 'right' },
			{ heading: 'published', align: 'right' },
			{ heading: 'classes', align: 'right' },
			{ heading: 'fewest of a class' },
			{ heading: 'most of a class' },
		],
		splitNames.map((name) => {
			const { images, published, perClass } = splits[name]
			const held = perClass.filter((count) => count > 0).length
			const of = (count: number) => `${grouped(count)} (${classNames[perClass.indexOf(count)]})`
			return [
				name,
				grouped(images),
				published === undefined ? '' : grouped(published),
				grouped(held),
				images === 0 ? '' : of(Math.min(...perClass)),
				images === 0 ? '' : of(Math.max(...perClass)),
			]
		}),
	)
}

function listText({ path, sha256, gitBlob, published }: Examination['lists'][number]): string {
	const which = published === undefined ? '' : published ? 'the published file; ' : 'not the published file; '
	return `${path}: ${which}sha256 ${sha256.slice(0, 8)}…, git id ${gitBlob.slice(0, 8)}`
}

function imagesText({ splits, missing, decoded }: Examination): string[] {
	if (!splits) return []
	const total = splitNames.reduce((sum, name) => sum + splits[name].images, 0)
	const missed = `${grouped(missing.length)} of ${grouped(total)} images are missing.`
	if (!decoded) return [missed]
	const { images, of, unreadable, grey, cmyk, alpha } = decoded
	return [
		missed,
		`${grouped(images)} of ${grouped(of)} images were decoded: ${grouped(unreadable.length)} unreadable, ${grouped(grey)} grey, ${grouped(cmyk)} CMYK, ${grouped(alpha)} with opacity. Grey, CMYK and opacity become RGB.`,
	]
}

function namesText({ classNames, sameNames }: Examination): string[] {
	if (classNames.length === 0) return []
	if (sameNames.length === 0) return [`The ${grouped(classNames.length)} class names all differ.`]
	return sameNames.map(
		({ name, labels }) => `${labels.length} classes are called ${name}: labels ${labels.join(', ')}.`,
	)
}
