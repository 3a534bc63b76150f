/** The clean-up of openai/CLIP. */
export function cleanText(text: string): string {
	return text.replace(/\s+/gu, ' ').trim()
}
