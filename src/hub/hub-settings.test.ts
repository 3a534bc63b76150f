import { mkdir, writeFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { temporaryFolder } from '../files/temporary-folder.test.helper.js'
import { hubSettings } from './hub-settings.js'

describe('hubSettings', () => {
	it('has the defaults and precedence of huggingface_hub', () => {
		const cache = (environment: NodeJS.ProcessEnv) => hubSettings(environment).cacheDirectory
		const none = { HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }
		expect(hubSettings(none)).toEqual({
			endpoint: 'https://huggingface.co',
			cacheDirectory: join(homedir(), '.cache/huggingface/hub'),
			offline: false,
			timeout: 30,
		})
		expect(cache({ XDG_CACHE_HOME: '/x' })).toBe('/x/huggingface/hub')
		expect(cache({ XDG_CACHE_HOME: '/x', HF_HOME: '/h' })).toBe('/h/hub')
		expect(cache({ HF_HOME: '/h', HUGGINGFACE_HUB_CACHE: '/old' })).toBe('/old')
		expect(cache({ HUGGINGFACE_HUB_CACHE: '/old', HF_HUB_CACHE: '/new' })).toBe('/new')
		expect(cache({ HF_HUB_CACHE: '~/cache' })).toBe(join(homedir(), 'cache'))
	})

	it('reads endpoint, offline and time-out', () => {
		expect(hubSettings({ HF_ENDPOINT: 'https://mirror.example/hf/' }).endpoint).toBe('https://mirror.example/hf')
		expect(() => hubSettings({ HF_ENDPOINT: 'mirror' })).toThrow(/HF_ENDPOINT is "mirror"/)
		for (const on of ['1', 'ON', 'yes', 'True']) expect(hubSettings({ HF_HUB_OFFLINE: on }).offline).toBe(true)
		for (const off of ['', '0', 'false']) expect(hubSettings({ HF_HUB_OFFLINE: off }).offline).toBe(false)
		expect(hubSettings({ TRANSFORMERS_OFFLINE: '1' }).offline).toBe(true)
		expect(hubSettings({ HF_HUB_DOWNLOAD_TIMEOUT: '2.5' }).timeout).toBe(2.5)
		for (const wrong of ['0', '-1', 'soon', 'Infinity']) {
			expect(() => hubSettings({ HF_HUB_DOWNLOAD_TIMEOUT: wrong })).toThrow(/HF_HUB_DOWNLOAD_TIMEOUT is .*above 0/)
		}
	})

	it('finds the token', async () => {
		const home = await temporaryFolder()
		expect(hubSettings({ HF_HOME: home }).token).toBeUndefined()
		await mkdir(join(home, 'hub'))
		await writeFile(join(home, 'token'), 'from-file\n')
		expect(hubSettings({ HF_HOME: home }).token).toBe('from-file')
		expect(hubSettings({ HF_HOME: home, HF_TOKEN: ' from-variable ' }).token).toBe('from-variable')
		expect(hubSettings({ HF_HOME: home, HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }).token).toBeUndefined()
	})
})
