/** The usual names of methods and attacks, for definitions without titles. */

/** Defenses whose title differs from their name. */
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

/** Attacks whose names are words rather than abbreviations. */
const attackTitles: Readonly<Record<string, string>> = {
	autoattack: 'AutoAttack',
	square: 'Square',
	'feature-pgd': 'Feature PGD',
}

/** Title of a tuned row. @param name Name of the row: a defense, or the user's own name. */
export function methodTitle(name: string): string {
	return methodTitles[name] ?? name
}

/** Title of a condition. @param attack Name of an attack or attack preset; missing for clean images. */
export function conditionTitle(attack: string | undefined): string {
	return attack === undefined ? 'Clean' : (attackTitles[attack] ?? attack.toUpperCase())
}
