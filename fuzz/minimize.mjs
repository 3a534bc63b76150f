/** Makes findings smaller: fewer steps first, then fewer bytes. */

/**
 * @param worker A worker of the pool. @param finding With target, seed, index, steps and outcome.
 * @returns The smallest files found within a minute that still show the same problem.
 */
export async function minimize(worker, finding, limits) {
	const until = performance.now() + 60_000
	const same = (result) => result.outcome === finding.outcome && place(result) === place(finding)
	const { target, seed, index, steps } = finding
	const generated = async (kept) => {
		let found
		const request = {
			kind: 'inputs',
			target,
			seed,
			from: index,
			to: index + 1,
			seconds: 600,
			kept: [...kept],
			give: true,
		}
		await worker.run(request, limits, (result) => {
			found ??= result
		})
		return found && same(found) ? found.files : undefined
	}
	let kept = new Set(Array.from({ length: steps }, (_, step) => step))
	let files = await generated(kept)
	if (!files) return undefined
	for (const step of [...kept]) {
		const fewer = new Set([...kept].filter((other) => other !== step))
		const tried = performance.now() < until ? await generated(fewer) : undefined
		if (!tried) continue
		kept = fewer
		files = tried
	}
	const shows = async (some) => {
		let found
		await worker.run({ kind: 'files', target, files: some }, limits, (result) => {
			found ??= result
		})
		return found !== undefined && same(found)
	}
	for (const name of Object.keys(files)) {
		for (let size = Math.ceil(files[name].length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 4)) {
			for (let at = 0; at < files[name].length && performance.now() < until; ) {
				const bytes = Buffer.from(files[name])
				const fewer = { ...files, [name]: Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + size)]) }
				if (await shows(fewer)) files = fewer
				else at += size
			}
		}
	}
	return files
}

/** Where an error came from: its first line of our own code, or its message without numbers. */
function place({ stack, message = '' }) {
	const own = stack?.split('\n').find((line) => /dist\//.test(line))
	return own?.replace(/^.*dist\//, '').replace(/\).*$/, '') ?? message.split('\n')[0].replace(/\d+/g, '#').slice(0, 60)
}
