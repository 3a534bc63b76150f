import * as naptune from 'naptune'

const engine = await naptune.createEngine()
const classifier = await naptune.openOnnxClassifier(engine, 'model.onnx', {
	input: { normalisation: 'imagenet', channelOrder: 'rgb' },
})
const data = await naptune.loadLabelledFolder('photos')
const { positions } = naptune.classPositions({
	folders: data.folders,
	classNames: classifier.classNames,
	hasNames: classifier.classNamesFrom !== 'positions',
})
const attack = naptune.prepareAttack('pgd-100')
const threatModel = naptune.threatModel('linf', 4 / 255)
const settings = { attack, threatModel, seed: 1, resizing: 'crop', path: 'attacks/model.json' } as const
const found = await naptune.recordedOnnxAttack({ engine, classifier, data, positions, ...settings })
console.log(found?.record.clean, found?.record.robust)
await classifier.release()
await engine.close()
