/** Text that a caller or a model wrote. */
import styles from './foreign.module.css'

/**
 * Characters that are not seen, or that turn the order of what is around them: controls, marks of direction, blanks
 * without a width. A reader must see that they are there.
 */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
const unseen = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g

/** The text with a sign in the place of each unseen character, as `⟨U+202E⟩`. */
export function shownText(text: string): string {
  return text.replace(unseen, character => {
    if (character === '\r') return ''
    return `⟨U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}⟩`
  })
}

interface ForeignProps {
  readonly text: string
}

/** On one line, apart from the direction of what is around it. */
export function Foreign({ text }: ForeignProps) {
  return <bdi>{shownText(text)}</bdi>
}

/** Letters at the end of a name that are always seen. */
const endLetters = 8

/** A name in a narrow place: its middle is left out, because names of a kind differ at their ends. */
export function ForeignName({ text }: ForeignProps) {
  const shown = shownText(text)
  const letters = [...shown]
  if (letters.length <= 2 * endLetters) return <Foreign text={text} />
  return (
    <bdi className={styles['name']} title={shown}>
      <span className={styles['begin']}>{letters.slice(0, -endLetters).join('')}</span>
      <span>{letters.slice(-endLetters).join('')}</span>
    </bdi>
  )
}
