/** The ImageNet classes: WordNet ids, names and one test image each; see data/imagenet/README.md. */

import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { NaptuneError } from '../../core/errors.js'
import { readJsonFile } from '../../files/json-file.js'
import { readTextFile } from '../../files/text/read-text.js'

const schema = z.strictObject({
	classes: z.array(
		z.strictObject({
			/** WordNet id, also the name of the class's folder. */
			wnid: z.string().regex(/^n\d{8}$/),
			name: z.string().min(1),
			/** Name of its image in `imagenet-1000`. */
			testImage: z.string().regex(/^ILSVRC2012_val_\d{8}\.JPEG$/),
		}),
	),
})

/** A class of ImageNet. */
export type ImagenetClass = z.output<typeof schema>['classes'][number]

const facts = fileURLToPath(new URL('../../../data/imagenet/classes.json', import.meta.url))

/** The 1,000 classes in label order. @throws NaptuneError if the package's file is damaged. */
export async function imagenetClasses(): Promise<readonly ImagenetClass[]> {
	const parsed = schema.safeParse(await readJsonFile(facts))
	if (parsed.success) return parsed.data.classes
	throw new NaptuneError(
		'NAP_FILE_DAMAGED',
		`${facts} is damaged. Reinstall the package, or check out the repository again.`,
	)
}

/**
 * Reads class names from a `classnames.txt` in CoOp's format: one line with WordNet id and name per class.
 * @param classes In label order. @param path The file; if it does not exist, the package's names are used.
 * @throws NaptuneError for a malformed line, a duplicate class, or a class without a line.
 */
export async function imagenetNames(
	classes: readonly ImagenetClass[],
	path: string,
): Promise<{ readonly classNames: readonly string[]; readonly notices: readonly string[] }> {
	if (!existsSync(path)) return { classNames: classes.map(({ name }) => name), notices: [] }
	const names = parseNames(await readTextFile(path), path)
	const classNames = classes.map(({ wnid, name }) => {
		const own = names.get(wnid)
		if (own !== undefined) return own
		throw new NaptuneError(
			'NAP_FILE_INVALID',
			`${path} has no line for ${wnid} (${name}). Add it, or remove the file to use the names in this package.`,
		)
	})
	const others = classes.flatMap(({ wnid, name }, label) =>
		name === classNames[label] ? [] : [`${wnid} is ${JSON.stringify(classNames[label])}, not ${JSON.stringify(name)}`],
	)
	const notice = `${path} names ${others.length} of ${classes.length} classes differently from the authors of CLIP, so numbers are not comparable: ${others.slice(0, 3).join('; ')}${others.length > 3 ? ' and so on' : ''}.`
	return { classNames, notices: others.length > 0 ? [notice] : [] }
}

function parseNames(text: string, path: string): ReadonlyMap<string, string> {
	const names = new Map<string, string>()
	text.split('\n').forEach((line, at) => {
		if (line.trim() === '') return
		const [, wnid, name] = /^\ufeff?(n\d{8})\s+(\S.*?)\s*$/.exec(line) ?? []
		if (wnid === undefined || name === undefined) {
			throw new NaptuneError(
				'NAP_FILE_INVALID',
				`Line ${at + 1} of ${path} is ${JSON.stringify(line.slice(0, 80))}; expected a WordNet id and a name, such as "n01440764 tench".`,
			)
		}
		if (names.has(wnid))
			throw new NaptuneError('NAP_FILE_INVALID', `${path} names ${wnid} twice. Remove one of the lines.`)
		names.set(wnid, name)
	})
	return names
}
