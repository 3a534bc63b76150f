/** Names of repositories on the hub. */

/** Whether a text has the form of a hub id: `owner/name`, or a bare name. */
export function isHubId(text: string): boolean {
	return text.length <= 96 && /^(?:[\w-][\w.-]*\/)?[\w-][\w.-]*$/.test(text) && !/--|\.\./.test(text)
}
