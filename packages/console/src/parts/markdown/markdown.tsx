import { Anchor, Popover, Text } from '@mantine/core'
import { marked, type Token, type Tokens } from 'marked'
import type { ReactNode } from 'react'
import { markdown as text } from '../../texts/markdown.ts'
import { shownText } from '../foreign.tsx'
import styles from './markdown.module.css'

/** Longer text is shown as it is: reading it as Markdown could take long. */
const lengthMax = 60_000
/** Deeper lists and quotes are shown as text. */
const depthMax = 12

/**
 * Markdown that a caller or a model wrote. It is drawn from its tree: HTML in it is text, images are not loaded, and a
 * link shows its whole address before it is followed.
 */
export function Markdown({ source }: { readonly source: string }) {
  const tokens = source.length > lengthMax ? null : treeOf(source)
  if (tokens === null) return <div className={styles['plain']}>{shownText(source)}</div>
  return (
    <div className={styles['markdown']} dir="auto">
      {blocks(tokens, 0)}
    </div>
  )
}

function treeOf(source: string): readonly Token[] | null {
  try {
    return marked.lexer(source, { gfm: true })
  } catch {
    // A text that the reader of Markdown cannot take is shown as it is.
    return null
  }
}

function blocks(tokens: readonly Token[], depth: number): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: the tree of a text never changes.
  return tokens.map((token, index) => <Block key={index} token={token} depth={depth} />)
}

interface TokenProps {
  readonly token: Token
  readonly depth: number
}

function Block({ token, depth }: TokenProps): ReactNode {
  if (depth > depthMax) return <p className={styles['plain']}>{shownText(token.raw)}</p>
  switch (token.type) {
    case 'space':
    case 'def':
      return null
    case 'heading':
      return <p className={styles['heading']}>{inline(token.tokens, depth)}</p>
    case 'paragraph':
      return <p>{inline(token.tokens, depth)}</p>
    case 'code':
      return <pre className={styles['code']}>{shownText((token as Tokens.Code).text)}</pre>
    case 'blockquote':
      return <blockquote>{blocks(token.tokens ?? [], depth + 1)}</blockquote>
    case 'list':
      return <List list={token as Tokens.List} depth={depth} />
    case 'table':
      return <Grid table={token as Tokens.Table} depth={depth} />
    case 'hr':
      return <hr />
    case 'text':
      return <span>{inline(token.tokens, depth) ?? shownText((token as Tokens.Text).text)}</span>
    default:
      return <p className={styles['plain']}>{shownText(token.raw)}</p>
  }
}

function List({ list, depth }: { readonly list: Tokens.List; readonly depth: number }) {
  const items = list.items.map((item, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the tree of a text never changes.
    <li key={index}>{blocks(item.tokens, depth + 1)}</li>
  ))
  const start = typeof list.start === 'number' ? list.start : 1
  return list.ordered ? <ol start={start}>{items}</ol> : <ul>{items}</ul>
}

function Grid({ table, depth }: { readonly table: Tokens.Table; readonly depth: number }) {
  return (
    <table>
      <thead>
        <tr>
          {table.header.map((cell, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: the tree of a text never changes.
            <th key={index}>{inline(cell.tokens, depth)}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {table.rows.map((row, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the tree of a text never changes.
          <tr key={at}>
            {row.map((cell, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the tree of a text never changes.
              <td key={index}>{inline(cell.tokens, depth)}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  )
}

function inline(tokens: readonly Token[] | undefined, depth: number): ReactNode {
  // biome-ignore lint/suspicious/noArrayIndexKey: the tree of a text never changes.
  return tokens?.map((token, index) => <Inline key={index} token={token} depth={depth + 1} />)
}

function Inline({ token, depth }: TokenProps): ReactNode {
  if (depth > depthMax) return shownText(token.raw)
  switch (token.type) {
    case 'strong':
      return <strong>{inline(token.tokens, depth)}</strong>
    case 'em':
      return <em>{inline(token.tokens, depth)}</em>
    case 'del':
      return <del>{inline(token.tokens, depth)}</del>
    case 'codespan':
      return <code>{shownText((token as Tokens.Codespan).text)}</code>
    case 'br':
      return <br />
    case 'link':
      return (
        <ForeignLink
          address={(token as Tokens.Link).href}
          label={token.raw === token['href'] ? null : inline(token.tokens, depth)}
        />
      )
    case 'image':
      return <span className={styles['aside']}>{text.image(shownText((token as Tokens.Image).href))}</span>
    case 'text':
      return inline((token as Tokens.Text).tokens, depth) ?? shownText((token as Tokens.Text).text)
    case 'escape':
      return shownText((token as Tokens.Escape).text)
    default:
      return shownText(token.raw)
  }
}

interface ForeignLinkProps {
  readonly address: string
  /** Null where the text is the address. */
  readonly label: ReactNode
}

/** A link that somebody wrote: a click shows where it leads, and only a second one goes there. */
export function ForeignLink({ address, label }: ForeignLinkProps) {
  const shown = shownText(address)
  const isWeb = /^https?:\/\//i.test(address)
  return (
    <Popover position="bottom-start" withArrow trapFocus transitionProps={{ duration: 0 }}>
      <Popover.Target>
        <button type="button" className={styles['link']}>
          {label ?? shown}
        </button>
      </Popover.Target>
      <Popover.Dropdown maw={480}>
        <Text size="xs" c="dimmed">
          {isWeb ? text.leadsTo : text.notWeb}
        </Text>
        <Text size="sm" className={styles['address'] ?? ''}>
          {shown}
        </Text>
        {isWeb && (
          <Anchor href={address} target="_blank" rel="noopener noreferrer nofollow" size="sm">
            {text.open}
          </Anchor>
        )}
      </Popover.Dropdown>
    </Popover>
  )
}
