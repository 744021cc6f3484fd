/** The thread of one export: makes pages of records into lines, a piece each time that it is asked. */
import { parentPort, workerData } from 'node:worker_threads'
import { lowerThreadPriority } from '../../thread-priority.ts'
import { BodyReader } from '../journal/bodies.ts'
import { lineOf } from './lines.ts'
import type { ConversationsData, FromConversations, PageEntry, ToConversations } from './messages.ts'

/** A piece has at least so many bytes, or is the last of its page. */
const pieceBytes = 256 * 1_024

const port = parentPort
if (port === null) throw new Error('This file is the entry of a worker thread.')
const data = workerData as ConversationsData
const reader = new BodyReader(data.journal)
let pieces: Generator<FromConversations> | null = null

// An export can wait.
lowerThreadPriority(10)

function* piecesOf(entries: readonly PageEntry[]): Generator<FromConversations> {
  let waiting: Buffer[] = []
  let bytes = 0
  let ids: string[] = []
  const take = (isLast: boolean): FromConversations => {
    // Memory of its own: it is handed over.
    const piece = { bytes: new Uint8Array(Buffer.concat(waiting)), ids, isLast }
    waiting = []
    bytes = 0
    ids = []
    return piece
  }
  for (const entry of entries) {
    for (const text of lineOf(entry, data, reader)) {
      const written = Buffer.from(text)
      waiting.push(written)
      bytes += written.byteLength
      if (text.endsWith('\n')) ids.push(entry.row.id)
      if (bytes >= pieceBytes) yield take(false)
    }
  }
  yield take(true)
}

port.on('message', (message: ToConversations) => {
  if (message.kind === 'page') {
    pieces = piecesOf(JSON.parse(Buffer.from(message.entries).toString('utf8')) as PageEntry[])
    return
  }
  const next = pieces?.next()
  if (next === undefined || next.done === true) throw new Error('There is no further piece of this page.')
  port.postMessage(next.value, [next.value.bytes.buffer as ArrayBuffer])
})
