/** Whether a request was meant for this server: pages of other sites can make a browser send some to any address. */

/** Names of the machine itself. */
export const loopbackHosts: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Whether an address is one that only programs of this machine reach. */
export function isLoopback(host: string): boolean {
	return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host)
}

/** A name for the header Host: IPv6 addresses stand in brackets. */
export function hostName(host: string): string {
	return host.includes(':') ? `[${host}]` : host.toLowerCase()
}

/** Whether the header Host names one of these, with any port. A name that an attacker points here is none of them. */
export function isOwnHost(header: string | undefined, hosts: readonly string[]): boolean {
	return header !== undefined && hosts.includes(header.toLowerCase().replace(/:\d+$/, ''))
}

/** Whether the header Origin is the address that the request was sent to. */
export function isOwnOrigin(origin: string, host: string | undefined): boolean {
	return URL.canParse(origin) && new URL(origin).host === host?.toLowerCase()
}
