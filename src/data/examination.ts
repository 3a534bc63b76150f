/** What is found when a data set is examined. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { count } from '../records/parts/fields.js'

const examinedSplitSchema = z.object({
	images: count,
	published: count.exactOptional().describe('Number of images as published; missing where nothing was.'),
	perClass: z.array(count).describe('Number of images of each class, in label order.'),
})

/** A split in numbers. */
export type ExaminedSplit = Immutable<z.output<typeof examinedSplitSchema>>

const examinedListSchema = z.object({
	path: z.string(),
	sha256: z.string(),
	gitBlob: z.string().describe('Id of its content in git.'),
	published: z.boolean().exactOptional().describe('Whether it is the published file; missing where that is not known.'),
})

/** A file that says which images belong to a data set. */
export type ExaminedList = Immutable<z.output<typeof examinedListSchema>>

/** What is found. */
export const examinationSchema = z.object({
	name: z.string(),
	title: z.string().exactOptional().describe('As papers write it, for published data sets.'),
	folder: z.string().exactOptional().describe('Where it lies; missing for the data set of the package.'),
	classNames: z.array(z.string()).describe('In label order; none when the data set could not be opened.'),
	splits: z
		.object({ train: examinedSplitSchema, validation: examinedSplitSchema, test: examinedSplitSchema })
		.exactOptional(),
	lists: z.array(examinedListSchema).describe('Files that say which images belong to it.'),
	missing: z.array(z.string()).describe('Ids of images that belong to it and are not there.'),
	decoded: z
		.object({
			images: count.describe('Images that were decoded or tried.'),
			unreadable: z.array(z.object({ id: z.string(), reason: z.string() })),
			grey: count.describe('Greyscale images, which become RGB by repeating.'),
			cmyk: count,
			alpha: count.describe('Images with opacity, which is dropped.'),
			of: count.describe('Images that there are.'),
		})
		.exactOptional()
		.describe('What decoding found; missing where nothing was decoded.'),
	sameNames: z
		.array(z.object({ name: z.string(), labels: z.array(count) }))
		.describe("Names that several classes have, with those classes' labels."),
	notices: z.array(z.string()),
	problems: z.array(z.string()).describe('What is wrong, one sentence each; nothing when all is well.'),
	obtain: z.array(z.string()).describe('Where to get a published data set.'),
})

/** What is found. */
export type Examination = Immutable<z.output<typeof examinationSchema>>
