/** What the server tells while it runs; one line of its log each. */

/** An answered request. */
export interface RequestEntry {
	readonly event: 'request'
	/** As in the header X-Request-Id. */
	readonly id: string
	readonly method: string
	readonly path: string
	readonly status: number
	/** From the first byte to the answer. */
	readonly milliseconds: number
	/** Pictures that it brought, where it came so far. */
	readonly images?: number
	/** Of the error, where it is none of the request's. */
	readonly code?: string
	/** The error in full, where it is no fault of the request. */
	readonly error?: string
}

/** What the server tells. */
export type ServerEvent =
	| RequestEntry
	| { readonly event: 'listening' | 'ready'; readonly url: string; readonly method?: string; readonly classes?: number }
	| { readonly event: 'note'; readonly text: string }
	| { readonly event: 'loading'; readonly task: string }
	| { readonly event: 'stopping' | 'stopped'; readonly requests: number }
	| { readonly event: 'failed'; readonly error: string }
