/**
 * Trials of earlier gates, kept by content: a trial is found again where everything that decides it is the same, down to the
 * pixels of its image. Every file is named by the SHA-256 of its content and written whole, so that several gates may use one
 * folder at the same time, and what is damaged is measured again.
 */

import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { writeFileAtomic } from '../files/atomic-write.js'
import { makeFolder } from '../files/make-folder.js'
import { sha256OfBytes } from '../files/sha256.js'
import { jsonFingerprint } from '../records/fingerprint.js'
import { sha256 } from '../records/parts/fields.js'
import { type AttackTrial, trialSchema } from '../records/parts/outcome.js'

const entries = z.array(z.strictObject({ image: sha256, trial: trialSchema }))

/** Trials of one model under one attack. */
export interface TrialCache {
	/** In the order of the rounds. @param image Fingerprint of the image, its label and id. */
	trials(image: string): readonly AttackTrial[]
	/** Waits until they are on the disk. */
	add(trials: readonly { readonly image: string; readonly trial: AttackTrial }[]): Promise<void>
}

/**
 * Opens the part of a cache that belongs to some settings.
 * @param folder Of the whole cache; made where it is missing.
 * @param settings Everything that decides a trial but its image; JSON.
 * @throws NaptuneError when the folder cannot be written.
 */
export async function openTrialCache(folder: string, settings: unknown): Promise<TrialCache> {
	const own = join(folder, jsonFingerprint(settings))
	await makeFolder(own)
	const known = new Map<string, Map<string, AttackTrial>>()
	const learn = (image: string, trial: AttackTrial) => {
		const rounds = known.get(image) ?? new Map<string, AttackTrial>()
		known.set(image, rounds.set(trial.round, trial))
	}
	for (const name of (await readdir(own)).sort()) {
		for (const { image, trial } of await readEntries(join(own, name), name)) learn(image, trial)
	}
	return {
		trials: (image) => [...(known.get(image)?.values() ?? [])],
		async add(trials) {
			const fresh = trials.filter(({ image, trial }) => !known.get(image)?.has(trial.round))
			if (fresh.length === 0) return
			const text = `${JSON.stringify(fresh)}\n`
			await writeFileAtomic(join(own, `${sha256OfBytes(text)}.json`), text)
			for (const { image, trial } of fresh) learn(image, trial)
		},
	}
}

/** Nothing of a file that is not what was written. */
async function readEntries(path: string, name: string): Promise<z.output<typeof entries>> {
	const text = await readFile(path, 'utf8').catch(() => '')
	if (`${sha256OfBytes(text)}.json` !== name) return []
	const parsed = entries.safeParse(JSON.parse(text))
	return parsed.success ? parsed.data : []
}

/** A JSON value kept by what decides it; undefined where there is none, or it is damaged. */
export async function readKept<Schema extends z.ZodType>(
	folder: string,
	settings: unknown,
	schema: Schema,
): Promise<z.output<Schema> | undefined> {
	const path = join(folder, `${jsonFingerprint(settings)}.json`)
	if (!existsSync(path)) return undefined
	const [checksum, ...rest] = (await readFile(path, 'utf8')).split('\n')
	const text = rest.join('\n')
	if (sha256OfBytes(text) !== checksum) return undefined
	const parsed = schema.safeParse(JSON.parse(text))
	return parsed.success ? parsed.data : undefined
}

/** Keeps a JSON value for {@link readKept}. */
export async function keep(folder: string, settings: unknown, value: unknown): Promise<void> {
	await makeFolder(folder)
	const text = JSON.stringify(value)
	await writeFileAtomic(join(folder, `${jsonFingerprint(settings)}.json`), `${sha256OfBytes(text)}\n${text}`)
}
