/** Attacks a tuned run with increasing attacker knowledge.
 *
 *     node examples/knowledge.mjs runs/photos
 */

import { evaluate } from 'naptune'

const [run = 'runs/photos'] = process.argv.slice(2)

const { rows } = await evaluate({
	run,
	knowledge: ['encoder-only', 'prompt-aware', 'transfer', 'full'],
	attack: 'pgd-20',
	limit: 100,
	vanilla: false,
})
for (const { attackerKnows, attack, robust } of rows) {
	console.log(`${attackerKnows} (${attack}):`, robust.accuracy, robust.interval)
}
