/** The few pages that the server itself writes: plain HTML without scripts. All texts are escaped. */
import { hash } from 'node:crypto'

const stylesheet = `body{font:16px/1.5 system-ui,sans-serif;margin:12vh auto;max-width:38rem;padding:0 1.5rem}
h1{font-size:1.4rem}code,pre{font-family:ui-monospace,monospace;font-size:.9em}
pre{padding:1rem;overflow:auto;border:1px solid GrayText;border-radius:6px}`

/** Policy of these pages; `refreshSeconds` needs no more than this. */
export const pagePolicy = `default-src 'none'; style-src 'sha256-${hash('sha256', stylesheet, 'base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`

export interface ServerPage {
  readonly title: string
  /** Paragraphs, in plain text. */
  readonly say: readonly string[]
  /** Lines to copy, in plain text. */
  readonly lines?: string
  readonly link?: { readonly href: string; readonly text: string }
  /** The page loads itself again after so many seconds. */
  readonly refreshSeconds?: number
}

export function htmlOf({ title, say, lines, link, refreshSeconds }: ServerPage): string {
  const refresh = refreshSeconds === undefined ? '' : `<meta http-equiv="refresh" content="${refreshSeconds}">`
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">${refresh}<title>${escaped(title)} · Gatehouse</title>
<style>${stylesheet}</style></head>
<body><main><h1>${escaped(title)}</h1>
${say.map(text => `<p>${escaped(text)}</p>`).join('\n')}
${lines === undefined ? '' : `<pre>${escaped(lines)}</pre>`}
${link === undefined ? '' : `<p><a href="${escaped(link.href)}">${escaped(link.text)}</a></p>`}
</main></body></html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
