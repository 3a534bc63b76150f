/** What papers call methods and attacks, where a definition gives no title. */

/** Defenses whose title is more than their name. */
const methodTitles: Readonly<Record<string, string>> = {
	vanilla: 'Vanilla CLIP',
	coop: 'CoOp',
	fap: 'FAP',
	advpt: 'AdvPT',
	'advpt-e2e': 'AdvPT end to end',
	'advpt-v': 'AdvPT-V',
	'advpt-vli': 'AdvPT-VLI',
	'advpt-vlj': 'AdvPT-VLJ',
	nap: 'NAP',
	maple: 'MaPLe',
	cocoop: 'CoCoOp',
	apd: 'APD (after its abstract)',
	tecoa: 'TeCoA',
	fare: 'FARE',
	'adversarial-training': 'Adversarial training',
	trades: 'TRADES',
	mart: 'MART',
}

/** Attacks whose names are words rather than letters. */
const attackTitles: Readonly<Record<string, string>> = {
	autoattack: 'AutoAttack',
	square: 'Square',
	'feature-pgd': 'Feature PGD',
}

/** Title of a row that is tuned. @param name Of the row; a defense, or a name of one's own. */
export function methodTitle(name: string): string {
	return methodTitles[name] ?? name
}

/** Title of a condition. @param attack Name of an attack or of a preset of one; missing for clean images. */
export function conditionTitle(attack: string | undefined): string {
	return attack === undefined ? 'Clean' : (attackTitles[attack] ?? attack.toUpperCase())
}
