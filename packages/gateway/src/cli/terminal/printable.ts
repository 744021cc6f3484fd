/** Untrusted text on a terminal: names, paths, user agents and answers can contain escape sequences. */
import { dotControls, escapeControls } from '../../control-characters.ts'

/**
 * A value as JSON that is the same to every reader and cannot move a terminal's cursor. @param indent spaces per level;
 * none for one line.
 */
export function jsonText(value: unknown, indent?: number): string {
  return escapeControls(JSON.stringify(value, null, indent))
}

/** Control characters, and those that turn the direction of writing, become a middle dot. Line feeds and tabs stay. */
export function printable(text: string): string {
  return dotControls(text.replaceAll('\r\n', '\n'))
}

/** Printable text for one cell of a table: line feeds and tabs become spaces. */
export function printableLine(text: string): string {
  return printable(text.replace(/[\r\n\t]+/g, ' '))
}

const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })
const wide =
  /\p{Emoji_Presentation}|[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}]/u

/** Columns that a text takes on a terminal. */
export function columnsOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length
  let columns = 0
  for (const { segment } of graphemes.segment(text)) columns += wide.test(segment) ? 2 : 1
  return columns
}

/** The text, or its beginning and an ellipsis, in at most so many columns. */
export function cutToColumns(text: string, most: number): string {
  if (columnsOf(text) <= most) return text
  let kept = ''
  let columns = 1
  for (const { segment } of graphemes.segment(text)) {
    columns += wide.test(segment) ? 2 : 1
    if (columns > most) break
    kept += segment
  }
  return `${kept}…`
}
