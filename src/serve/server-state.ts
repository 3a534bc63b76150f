/** Where a server stands. */

import type { ClassifyService } from './classify-service.js'
import type { ServedModel } from './served-model.js'

/** With a model. */
export interface LoadedState {
	readonly phase: 'ready' | 'stopping'
	readonly model: ServedModel
	readonly service: ClassifyService
}

/** Where a server stands. */
export type ServerState = LoadedState | { readonly phase: 'loading' | 'failed' }
