/** The text that somebody edits. The tab keeps it, so that it is there after a look at another page. */
import { useState } from 'react'
import type { Configuration } from './query.ts'

const storageName = 'gatehouse.configuration'
const baseName = 'gatehouse.configuration.base'

export interface Draft {
  readonly text: string
  /** What it began with: the file's text. */
  readonly base: string
  /** Digest of the file that it began with; null where the file cannot be read. */
  readonly hash: string | null
  readonly isChanged: boolean
  /** The file is another one since. */
  readonly isStale: boolean
  readonly write: (text: string) => void
  readonly reset: () => void
}

interface Kept {
  readonly text: string
  readonly base: string
  readonly hash: string | null
}

export function useDraft({ file, inForce }: Configuration): Draft {
  const current = { base: file.text ?? inForce.text, hash: file.hash }
  const [kept, setKept] = useState<Kept>(() => stored() ?? { text: current.base, ...current })
  const isChanged = kept.text !== kept.base
  // Nobody has begun to write: what is shown follows the file.
  const used = isChanged ? kept : { text: current.base, ...current }
  const keep = (next: Kept): void => {
    setKept(next)
    sessionStorage.setItem(storageName, next.text)
    sessionStorage.setItem(baseName, JSON.stringify({ base: next.base, hash: next.hash }))
  }
  return {
    ...used,
    isChanged,
    isStale: isChanged && kept.hash !== current.hash,
    write: text => keep({ ...used, text }),
    reset: () => keep({ text: current.base, ...current }),
  }
}

/** Gives a text to Explain, which reads it when it opens. */
export function tryText(text: string): void {
  sessionStorage.setItem('gatehouse-try', text)
}

/** A text to begin with, as an old version. */
export function beginWith(text: string, { file, inForce }: Configuration): void {
  sessionStorage.setItem(storageName, text)
  sessionStorage.setItem(baseName, JSON.stringify({ base: file.text ?? inForce.text, hash: file.hash }))
}

function stored(): Kept | null {
  const text = sessionStorage.getItem(storageName)
  const base = sessionStorage.getItem(baseName)
  return text === null || base === null ? null : { text, ...(JSON.parse(base) as Omit<Kept, 'text'>) }
}
