/** The state of a server. */

import type { ClassifyService } from './classify-service.js'
import type { ServedModel } from './served-model.js'

/** A server with a model. */
export interface LoadedState {
	readonly phase: 'ready' | 'stopping'
	readonly model: ServedModel
	readonly service: ClassifyService
}

/** The state of a server. */
export type ServerState = LoadedState | { readonly phase: 'loading' | 'failed' }
