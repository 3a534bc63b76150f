/** Renders the gallery: images before and after an attack, and what models see in them. */

import { html } from 'hono/html'
import { percentText } from '../../number-text.js'
import type { Block, GalleryImage, GalleryModel, Guess } from '../report-document.js'
import { heading } from './heading.js'
import type { Html } from './html.js'
import type { Ids } from './page-ids.js'
import { words } from './words.js'

/** Side of a picture on the page. */
const side = 112

/** All images, each with its models one below the other. */
export function galleryElement(gallery: Block & { kind: 'gallery' }, ids: Ids, level: 3 | 4): Html {
	const id = ids('images')
	return html`<div class="gallery">
${heading(level, id, gallery.title)}
${gallery.notes.length > 0 ? html`<ul class="notes">${gallery.notes.map((note) => html`<li>${words(note)}</li>`)}</ul>` : ''}
${gallery.images.map((image) => imageElement(image, gallery.factor, ids))}
</div>`
}

function imageElement(image: GalleryImage, factor: number, ids: Ids): Html {
	const id = ids('image')
	return html`<article class="sample" aria-labelledby="${id}">
${heading(4, id, image.className)}
<p class="id"><code>${image.id}</code></p>
<div class="rows">
<div class="clean">${picture(image.clean, `The clean image ${image.id}`, 'clean')}</div>
<div class="models">${image.models.map((model) => modelElement(model, image, factor))}</div>
</div>
</article>`
}

function modelElement(model: GalleryModel, { id, className }: GalleryImage, factor: number): Html {
	const { attacked } = model
	return html`<div class="model" role="group" aria-label="${model.title}">
<p class="name">${model.title}: ${fate(model, className)}</p>
${
	attacked
		? html`<div class="pictures">
${picture(attacked.adversarial, `${id} attacked against ${model.title}`, 'attacked')}
${picture(attacked.difference, `Change by the attack on ${model.title} in ${id}, magnified ${factor} times around grey`, `change × ${factor}`)}
</div>`
		: ''
}
<div class="guesses">${guessTable('Clean', model.before, className)}${attacked ? guessTable('Attacked', attacked.after, className) : ''}</div>
</div>`
}

function fate({ before, attacked }: GalleryModel, className: string): string {
	if (before[0]?.className !== className) return 'already wrong when clean, not attacked'
	const now = attacked?.after[0]?.className
	return now === className ? 'still right' : `fooled, now ${now ?? 'nothing'}`
}

function picture(source: string, alt: string, caption: string): Html {
	return html`<figure class="picture"><img src="${source}" alt="${alt}" width="${side}" height="${side}"><figcaption>${caption}</figcaption></figure>`
}

function guessTable(title: string, guesses: readonly Guess[], className: string): Html {
	return html`<table class="guess"><caption>${title}</caption><tbody>${guesses.map(
		(guess) =>
			html`<tr><th scope="row">${
				guess.className === className
					? html`<strong>${guess.className}</strong> <span>(true)</span>`
					: html`${guess.className}`
			}</th><td class="right">${percentText(guess.probability)}</td></tr>`,
	)}</tbody></table>`
}
