/** Recorded galleries as blocks. */

import type { Block } from './report-document.js'

/** To come with the recorded gallery. */
export async function galleryBlocks(_path: string, _title: string): Promise<Block[]> {
	return []
}
