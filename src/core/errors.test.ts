import { expect, it } from 'vitest'
import { NaptuneError } from './errors.js'

it('says no more than a person reads', () => {
	const { message } = new NaptuneError('NAP_FILE_INVALID', `${'x'.repeat(4000)}${'y'.repeat(1_000_000)}`)
	expect(message.slice(3990)).toBe('xxxxxxxxxx… (1000000 more characters)')
	expect(new NaptuneError('NAP_FILE_INVALID', 'y'.repeat(4000)).message).toBe('y'.repeat(4000))
})
