/** Names of files in models: paths of either kind of system, without a file system. */

/** What follows the last slash or backslash. */
export function fileName(path: string): string {
	return path.slice(lastSlash(path) + 1)
}

/** What precedes the last slash or backslash; `.` where there is none. */
export function folderName(path: string): string {
	const at = lastSlash(path)
	return at < 0 ? '.' : path.slice(0, Math.max(at, 1))
}

function lastSlash(path: string): number {
	return Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))
}

/**
 * A relative path with `/` between its parts and without `.` and `..`.
 * @returns undefined for the path of a root, a drive, nothing, or something outside of the folder that it starts from.
 */
export function pathBelow(location: string): string | undefined {
	const path = location.replaceAll('\\', '/')
	if (path.startsWith('/') || /^[A-Za-z]:/.test(path)) return undefined
	const parts: string[] = []
	for (const part of path.split('/')) {
		if (part === '..') {
			if (parts.length === 0) return undefined
			parts.pop()
		} else if (part !== '' && part !== '.') parts.push(part)
	}
	return parts.length === 0 ? undefined : parts.join('/')
}
