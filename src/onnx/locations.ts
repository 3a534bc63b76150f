/** Handles file names in models: paths of Windows and POSIX, without a file system. */

/** What follows the last slash or backslash. */
export function fileName(path: string): string {
	return path.slice(lastSlash(path) + 1)
}

/** What precedes the last slash or backslash; `.` if there is none. */
export function folderName(path: string): string {
	const at = lastSlash(path)
	return at < 0 ? '.' : path.slice(0, Math.max(at, 1))
}

function lastSlash(path: string): number {
	return Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\'))
}

/**
 * A relative path with `/` between its parts and without `.` and `..`.
 * @returns Undefined for a root, a drive, an empty path, or a path that leaves its starting folder.
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
