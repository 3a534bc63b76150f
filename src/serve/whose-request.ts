/**
 * Checks whether a request was meant for this server, because pages of other sites can make a browser send requests
 * anywhere.
 */

/** Names of the machine itself. */
export const loopbackHosts: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Whether only programs on this machine can reach an address. */
export function isLoopback(host: string): boolean {
	return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** The name as the header Host writes it, with IPv6 addresses in brackets. */
export function hostName(host: string): string {
	return host.includes(':') ? `[${host}]` : host.toLowerCase()
}

/** Whether the header Host names one of these, with any port. A name that an attacker points here does not match. */
export function isOwnHost(header: string | undefined, hosts: readonly string[]): boolean {
	return header !== undefined && hosts.includes(header.toLowerCase().replace(/:\d+$/, ''))
}

/** Whether the header Origin equals the address to which the request was sent. */
export function isOwnOrigin(origin: string, host: string | undefined): boolean {
	return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
}
