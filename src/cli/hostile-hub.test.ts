import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { startHub } from '../hub/hub-server.test.helper.js'
import { runJson, startCli, writePhotos } from './cli.test.helper.js'

/** What a command needs to take a model from a hub that answers in its own way. */
async function setting(answer: (request: IncomingMessage, response: ServerResponse) => void) {
	const folder = await temporaryFolder()
	await writePhotos(join(folder, 'photos'))
	const { endpoint } = await startHub({
		id: 'someone/clip',
		commit: '0'.repeat(40),
		files: {},
		corrupted: new Map(),
		brokenAfter: new Map(),
		instead(request, response) {
			answer(request, response)
			return true
		},
	})
	return {
		tune: ['tune', '--model', 'someone/clip', '--data', join(folder, 'photos'), '--output', join(folder, 'run')],
		data: ['data', 'doctor', 'hf:someone/photos'],
		env: { HF_ENDPOINT: endpoint, HF_HUB_CACHE: join(folder, 'cache'), HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' },
	}
}

it.each(['SIGINT', 'SIGTERM'] as const)('%s ends a command that waits for a hub', async (signal) => {
	// Far longer than the test may take: what ends the command is the signal.
	const { tune, data, env } = await setting(() => {})
	for (const args of [tune, data]) {
		const running = startCli(args, { env: { ...env, HF_HUB_DOWNLOAD_TIMEOUT: '600' } })
		await running.until('Waiting for the list of files of someone/')
		running.process.kill(signal)
		const { code, stderr } = await running.finished
		expect([code, stderr]).toEqual([signal === 'SIGINT' ? 130 : 143, expect.stringContaining('Stopped.')])
	}
})

it('a hub that is silent, or a page of another network, is told in a sentence', async () => {
	for (const [answer, message] of [
		[() => {}, /nothing arrived in 2 s.*HF_ENDPOINT/],
		[
			(_: IncomingMessage, response: ServerResponse) =>
				void response.writeHead(200, { 'content-type': 'text/html' }).end('<html><title>Sign in</title></html>'),
			/a web page came back \("Sign in"\) instead of the hub's data.*HF_ENDPOINT/,
		],
	] as const) {
		const { tune, data, env } = await setting(answer)
		for (const args of [tune, data]) {
			const { code, stderr, document } = await runJson(args, { env: { ...env, HF_HUB_DOWNLOAD_TIMEOUT: '2' } })
			expect([code, stderr]).toEqual([1, expect.stringMatching(message)])
			expect(stderr).not.toMatch(/\n\s+at /)
			expect(document).toMatchObject({ error: { exitCode: 1, message: expect.stringMatching(message) } })
		}
	}
})
