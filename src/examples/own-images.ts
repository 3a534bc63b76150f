import * as naptune from 'naptune'

const engine = await naptune.createEngine()
const clip = await naptune.loadClip('openai/clip-vit-base-patch16')
const dataset = await naptune.loadDataset('photos')
const config = naptune.tuningConfig({ shots: 16 })
const { defense, parameters } = await naptune.tune({ engine, clip, dataset, config, output: 'runs/photos' })
const classifier = await naptune.deployedClassifier(engine, clip, defense, parameters)
const attack = naptune.prepareAttack('pgd-100')
const threatModel = naptune.threatModel('linf', 1 / 255)
console.log(await naptune.evaluate({ clip, classifier, split: dataset.test, attack, threatModel, seed: 1 }))
await engine.close()
