/** Formats settings for people. */

import { flatSettings, settingText } from '../files/flat-settings.js'

/** Settings as a table in Markdown. */
export function settingsMarkdown(settings: Readonly<Record<string, unknown>>): string {
	const escaped = (text: string) => text.replaceAll(/[\\|`*_<]/g, '\\$&').replaceAll(/\s+/g, ' ')
	const rows = [...flatSettings(settings)].map(([key, value]) => `| ${escaped(key)} | ${escaped(settingText(value))} |`)
	return ['| setting | value |', '| --- | --- |', ...rows].join('\n')
}
