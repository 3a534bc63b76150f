/** The result of examining a data set. */

import { z } from 'zod'
import type { Immutable } from '../core/immutable.js'
import { count } from '../records/parts/fields.js'

const examinedSplitSchema = z.object({
	images: count,
	published: count.exactOptional().describe('Published number of images; missing if nothing was published.'),
	perClass: z.array(count).describe('Number of images of each class, in label order.'),
})

/** A split in numbers. */
export type ExaminedSplit = Immutable<z.output<typeof examinedSplitSchema>>

const examinedListSchema = z.object({
	path: z.string(),
	sha256: z.string(),
	gitBlob: z.string().describe('Id of its content in git.'),
	published: z.boolean().exactOptional().describe('Whether it is the published file; missing if that is unknown.'),
})

/** A file that lists the images of a data set. */
export type ExaminedList = Immutable<z.output<typeof examinedListSchema>>

/** The result of an examination. */
export const examinationSchema = z.object({
	name: z.string(),
	title: z.string().exactOptional().describe('Its name in papers, for published data sets.'),
	folder: z.string().exactOptional().describe('Its location; missing for the data set in the package.'),
	classNames: z.array(z.string()).describe('In label order; empty if the data set could not be opened.'),
	splits: z
		.object({ train: examinedSplitSchema, validation: examinedSplitSchema, test: examinedSplitSchema })
		.exactOptional(),
	lists: z.array(examinedListSchema).describe('Files that list its images.'),
	missing: z.array(z.string()).describe('Ids of its images that are missing.'),
	decoded: z
		.object({
			images: count.describe('Number of images decoded, successfully or not.'),
			unreadable: z.array(z.object({ id: z.string(), reason: z.string() })),
			grey: count.describe('Greyscale images, which become RGB by repeating the channel.'),
			cmyk: count,
			alpha: count.describe('Images with an alpha channel, which is dropped.'),
			of: count.describe('Number of images in the data set.'),
		})
		.exactOptional()
		.describe('Findings of decoding; missing if no image was decoded.'),
	sameNames: z
		.array(z.object({ name: z.string(), labels: z.array(count) }))
		.describe("Names shared by several classes, with those classes' labels."),
	notices: z.array(z.string()),
	problems: z.array(z.string()).describe('Problems, one sentence each; empty if there are none.'),
	obtain: z.array(z.string()).describe('How to obtain a published data set.'),
})

/** The result of an examination. */
export type Examination = Immutable<z.output<typeof examinationSchema>>
