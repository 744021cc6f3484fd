/** Lines for people: time, level, what happened, then the fields. */

/** @param json a line of the log. @returns one line, with a line feed. */
export function prettyLine(json: string): string {
  const { time, level, msg, audit: _, repeated, ...fields } = JSON.parse(json) as Readonly<Record<string, unknown>>
  const facts = Object.entries(fields).map(([name, value]) => `${shown(name)}=${shown(value)}`)
  const more = typeof repeated === 'number' ? [`said ${repeated.toLocaleString('en')} times more`] : []
  return `${[String(time), String(level).toUpperCase().padEnd(5), shown(msg), ...facts, ...more].join(' ')}\n`
}

/** Words as they are; everything else as JSON, which leaves no control character unescaped below U+007F. */
function shown(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value)
  return /^[\w./:@%+,-]+$/.test(value) ? value : JSON.stringify(value)
}
