/** The page of the server, where people drop pictures. It loads nothing from other hosts. */

import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { pageStyle } from './page-style.js'

const styleHash = createHash('sha256').update(pageStyle).digest('base64')

/** The page may use only its own style and script, requests to its own server, and previews of the chosen pictures. */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${styleHash}'; script-src 'self'; connect-src 'self'; img-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

/** The page. */
export const servePage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>naptune serve</title>
<style>${pageStyle}</style>
</head>
<body>
<header>
<h1>naptune serve</h1>
<p id="about">Loading the description of the model…</p>
</header>
<main>
<form id="form">
<label class="drop" id="drop">
<span class="big">Drop pictures here, or choose them</span>
<span class="soft">JPEG, PNG, WebP, GIF, TIFF or AVIF. They go to this server and nowhere else.</span>
<input type="file" id="files" multiple accept="image/*">
</label>
<details id="own-classes" hidden>
<summary>Your own classes</summary>
<label for="classes">One per line; leave empty for the model's classes</label>
<textarea id="classes" rows="5" spellcheck="false"></textarea>
</details>
<p id="token-line" hidden>
<label for="token">Token of this server</label>
<input type="password" id="token" autocomplete="off">
<button type="submit">Use it</button>
</p>
</form>
<p id="status" role="status"></p>
<p id="problem" role="alert" hidden></p>
<section aria-labelledby="results-title" id="results-section" hidden>
<h2 id="results-title">What the model sees</h2>
<ol id="results"></ol>
<p id="meaning" class="soft" hidden></p>
</section>
</main>
<footer>
<p>For programs: <code>POST /v1/classify</code>, described in <a href="/openapi.json">openapi.json</a>.</p>
</footer>
<script type="module" src="/page.js"></script>
</body>
</html>
`

let script: Promise<string> | undefined

/** The page's script, compiled beside this module. */
export function pageScript(): Promise<string> {
	script ??= readFile(new URL('./page-script.js', import.meta.url), 'utf8').then((text) =>
		text.replace(/^\/\/# sourceMappingURL=.*$/m, ''),
	)
	return script
}
