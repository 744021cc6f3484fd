/** What to do about each refusal, from docs/refusals.md, for the command line: the pages are not in the package. */
import { readFileSync } from 'node:fs'

/** @param page docs/refusals.md. @returns a JSON object: advice by code, one line of plain text each. */
export function refusalAdviceText(page: string): string {
  const sections = readFileSync(page, 'utf8').split(/^### /m).slice(1)
  const advice = sections.map(section => {
    const [, code] = /^`(\w+)` · \d{3}\n/.exec(section) ?? []
    const [, written] = /\*\*Do:\*\* ([\s\S]+?)(?:\n\n|\n*$)/.exec(section) ?? []
    if (code === undefined || written === undefined) throw new Error(`${page}: ${section.slice(0, 60)} has no advice`)
    return [code, plain(written)] as const
  })
  return `${JSON.stringify(Object.fromEntries(advice), null, 2)}\n`
}

/** Markdown as plain text: links become the page that they lead to. */
function plain(written: string): string {
  const text = written
    .replaceAll(/\[([^\]]*)\]\((?:\.\.\/)*([^)]*)\)/g, (_, words: string, target: string) => {
      return words.includes('.md') ? `docs/${target}` : `${words} (docs/${target})`
    })
    .replaceAll(/\s+/g, ' ')
    .trim()
  return text.charAt(0).toUpperCase() + text.slice(1)
}
