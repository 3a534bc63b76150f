/** Events of a running server, one log line each. */

/** An answered request. */
export interface RequestEntry {
	readonly event: 'request'
	/** Id as in the header X-Request-Id. */
	readonly id: string
	readonly method: string
	readonly path: string
	readonly status: number
	/** Time from the first byte to the answer. */
	readonly milliseconds: number
	/** Number of pictures, if the request was read that far. */
	readonly images?: number
	/** Code of the error, if there was one. */
	readonly code?: string
	/** The complete error, if the request is not at fault. */
	readonly error?: string
}

/** An event of the server. */
export type ServerEvent =
	| RequestEntry
	| { readonly event: 'listening' | 'ready'; readonly url: string; readonly method?: string; readonly classes?: number }
	| { readonly event: 'note'; readonly text: string }
	| { readonly event: 'loading'; readonly task: string }
	| { readonly event: 'stopping' | 'stopped'; readonly requests: number }
	| { readonly event: 'failed'; readonly error: string }
