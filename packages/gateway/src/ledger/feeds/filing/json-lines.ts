import { createReadStream } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { FeedColumn } from '../forms.ts'
import type { FileFormat, FileWriter } from './format.ts'

/** Characters of lines that wait for a write. */
const waitingMax = 1_048_576

const lineEnd = Buffer.from('\n')

/** One JSON object per line, UTF-8, with every column. */
export async function openJsonLines(columns: readonly FeedColumn[]): Promise<FileFormat> {
  return {
    extension: 'jsonl',
    // Half of what DuckDB takes for an object unless told otherwise.
    partBytesMax: 8 * 1_048_576,
    async begin(path) {
      return jsonLinesWriter(await open(path, 'wx', 0o640), columns)
    },
    count: linesOf,
    close: async () => {},
  }
}

function jsonLinesWriter(file: FileHandle, columns: readonly FeedColumn[]): FileWriter {
  let records = 0
  let bytes = 0
  let lines: string[] = []
  let waiting = 0
  const write = async (): Promise<void> => {
    const text = Buffer.from(lines.join(''))
    lines = []
    waiting = 0
    await file.writeFile(text)
    bytes += text.byteLength
  }
  return {
    get records() {
      return records
    },
    async add(record) {
      const line = `${JSON.stringify(Object.fromEntries(columns.map(column => [column.name, column.cell(record)])))}\n`
      lines.push(line)
      waiting += line.length
      records += 1
      if (waiting >= waitingMax) await write()
    },
    async addPart(part) {
      await write()
      await file.writeFile(Buffer.concat([part, lineEnd]))
      bytes += part.byteLength + lineEnd.byteLength
      records += 1
    },
    async finish() {
      await write()
      await file.datasync()
      await file.close()
      return bytes
    },
    async discard() {
      await file.close().catch(() => {})
    },
  }
}

async function linesOf(path: string): Promise<number> {
  let lines = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1
  }
  return lines
}
