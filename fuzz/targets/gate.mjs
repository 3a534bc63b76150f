import { join } from 'node:path'
import { gateConfigForm } from '../../dist/records/gate.js'
import { readRecord } from '../../dist/records/record-kind.js'

const config = {
	format: 1,
	data: 'cifar10-mini',
	splitSeed: 1,
	split: 'test',
	images: 5,
	seed: 1,
	clean: { min: 0.21, maxDrop: 0.03 },
	attacks: [{ attack: 'pgd-5', set: {}, norm: 'linf', epsilon: '3/255', robust: { min: 0.09, maxDrop: 0.03 } }],
	baseline: { file: 'naptune.gate.baseline.json', level: 0.05 },
}

/** The configuration of a gate, as a project commits it. */
export default {
	prepare: async () => ({ inputs: [{ 'naptune.gate.json': Buffer.from(JSON.stringify(config)) }] }),
	read: (folder) => readRecord(gateConfigForm, join(folder, 'naptune.gate.json')),
}
