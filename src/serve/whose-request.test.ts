import { expect, it } from 'vitest'
import { hostName, isLoopback, isOwnHost, isOwnOrigin, loopbackHosts } from './whose-request.js'

it('knows the addresses of the machine itself', () => {
	expect(['localhost', '::1', '127.0.0.1', '127.3.2.1'].filter((host) => !isLoopback(host))).toEqual([])
	expect(['0.0.0.0', '::', '10.0.0.1', '127.0.0.1.evil.example', 'localhost.evil.example'].filter(isLoopback)).toEqual(
		[],
	)
})

it('knows the header Host of this machine with any port, and no other name', () => {
	const own = [...loopbackHosts, hostName('::1'), hostName('My-Host')]
	for (const host of ['localhost', 'LOCALHOST:8080', '127.0.0.1:1', '[::1]:8080', 'my-host:9']) {
		expect(isOwnHost(host, own), host).toBe(true)
	}
	for (const host of [
		undefined,
		'',
		'evil.example',
		'evil.example:8080',
		'127.0.0.1.evil.example',
		'127.0.0.1:80:80',
	]) {
		expect(isOwnHost(host, own), host).toBe(false)
	}
})

it('knows whether a script is of the page of the address that was asked', () => {
	expect(isOwnOrigin('http://127.0.0.1:8080', '127.0.0.1:8080')).toBe(true)
	for (const origin of ['null', '', 'http://127.0.0.1:3000', 'http://evil.example']) {
		expect(isOwnOrigin(origin, '127.0.0.1:8080'), origin).toBe(false)
	}
})
