/** The script of the page, which runs in a browser: sends pictures to the server and shows the answers. */

import type { ClassifyAnswer, ModelAnswer } from '../api-schemas.js'

type Picture = ClassifyAnswer['images'][number]

function element<Kind extends HTMLElement>(id: string, kind: new () => Kind): Kind {
	const found = document.getElementById(id)
	if (found instanceof kind) return found
	throw new Error(`The page has no ${id}.`)
}

const about = element('about', HTMLElement)
const drop = element('drop', HTMLElement)
const files = element('files', HTMLInputElement)
const ownClasses = element('own-classes', HTMLElement)
const classes = element('classes', HTMLTextAreaElement)
const tokenLine = element('token-line', HTMLElement)
const token = element('token', HTMLInputElement)
const status = element('status', HTMLElement)
const problem = element('problem', HTMLElement)
const section = element('results-section', HTMLElement)
const results = element('results', HTMLElement)
const meaning = element('meaning', HTMLElement)

let previews: string[] = []
let latest: readonly File[] = []
let turn = 0

async function ask<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
	const headers: Record<string, string> = token.value === '' ? {} : { Authorization: `Bearer ${token.value}` }
	const response = await fetch(path, { ...init, headers })
	const answer = await response.json()
	if (response.ok) return answer as Answer
	if (response.status === 401) tokenLine.hidden = false
	throw new Error(answer.error?.message ?? `The server answered with status ${response.status}.`)
}

function showProblem(error: unknown): void {
	problem.textContent = error instanceof Error ? error.message : String(error)
	problem.hidden = false
}

async function tellModel(): Promise<void> {
	try {
		const { method, classNames, openVocabulary, imageSize } = await ask<ModelAnswer>('/v1/model')
		const { width, height } = imageSize
		const others = openVocabulary ? ', or any that you name,' : ''
		about.textContent = `A CLIP hardened by ${method}: distinguishes ${classNames.length} classes${others} in pictures of ${width} × ${height} pixels.`
		ownClasses.hidden = !openVocabulary
		problem.hidden = true
		tokenLine.hidden = true
	} catch (error) {
		about.textContent = 'The served model is not known yet.'
		showProblem(error)
	}
}

async function classify(pictures: readonly File[]): Promise<void> {
	if (pictures.length === 0) return
	latest = pictures
	const own = ++turn
	problem.hidden = true
	status.textContent = pictures.length === 1 ? 'Classifying a picture…' : `Classifying ${pictures.length} pictures…`
	const body = new FormData()
	for (const picture of pictures) body.append('image', picture, picture.name)
	for (const line of classes.value.split('\n')) if (line.trim() !== '') body.append('classes', line.trim())
	const start = performance.now()
	try {
		const answer = await ask<ClassifyAnswer>('/v1/classify', { method: 'POST', body })
		if (own !== turn) return
		show(answer, pictures)
		status.textContent = `Answered in ${Math.round(performance.now() - start)} ms.`
	} catch (error) {
		if (own !== turn) return
		status.textContent = ''
		showProblem(error)
	}
}

function show({ images, meaning: text }: ClassifyAnswer, pictures: readonly File[]): void {
	for (const url of previews) URL.revokeObjectURL(url)
	previews = pictures.map((picture) => URL.createObjectURL(picture))
	results.replaceChildren(...images.map((image, position) => resultOf(image, previews[position] ?? '')))
	section.hidden = false
	meaning.textContent = text ?? ''
	meaning.hidden = text === undefined
}

function resultOf(image: Picture, preview: string): HTMLElement {
	const item = document.createElement('li')
	const picture = document.createElement('img')
	picture.src = preview
	picture.alt = ''
	const text = document.createElement('div')
	const title = document.createElement('h3')
	title.textContent = image.name ?? 'Picture'
	text.append(title, tableOf(image), ...(image.correction ? [correctionOf(image.correction)] : []))
	item.append(picture, text)
	return item
}

function tableOf({ classes: found }: Picture): HTMLElement {
	const table = document.createElement('table')
	table.createCaption().textContent = 'Classes and their probabilities'
	for (const { className, probability } of found) {
		const row = table.insertRow()
		const name = document.createElement('th')
		name.scope = 'row'
		name.textContent = className
		name.style.backgroundSize = `${100 * probability}% 100%`
		row.append(name)
		row.insertCell().textContent = `${(100 * probability).toFixed(1)} %`
	}
	return table
}

function correctionOf({ score, pValue, flagged }: NonNullable<Picture['correction']>): HTMLElement {
	const line = document.createElement('p')
	const text = `correction ${score.toPrecision(3)}, p ${pValue.toPrecision(2)}`
	line.textContent = flagged ? `Heavily corrected: ${text}` : `Not unusual: ${text}`
	line.className = flagged ? 'flag' : 'soft'
	return line
}

files.addEventListener('change', () => classify([...(files.files ?? [])]))
document.addEventListener('paste', (event) => classify([...(event.clipboardData?.files ?? [])]))
for (const name of ['dragenter', 'dragover'] as const) {
	document.addEventListener(name, (event) => {
		event.preventDefault()
		drop.classList.add('over')
	})
}
document.addEventListener('dragleave', (event) => {
	if (event.relatedTarget === null) drop.classList.remove('over')
})
document.addEventListener('drop', (event) => {
	event.preventDefault()
	drop.classList.remove('over')
	classify([...(event.dataTransfer?.files ?? [])])
})
classes.addEventListener('change', () => classify(latest))
element('form', HTMLFormElement).addEventListener('submit', async (event) => {
	event.preventDefault()
	await tellModel()
	await classify(latest)
})
tellModel()
