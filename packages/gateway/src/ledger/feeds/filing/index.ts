/**
 * Writes records as files of JSON lines or Parquet, by day and hour of their ends, to whatever place. A file is written
 * on this machine first, and appears under its name when it is whole. After a crash records may be in two files; none
 * is missing.
 */
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { systemClock } from '../../../clock.ts'
import { uuidV7 } from '../../../ids.ts'
import { MessageWriter, type RecordMessage, UnsendableError } from '../documents/index.ts'
import { columnsOf, fedRecordOrReason, hasLongBodies, type RecordSettings } from '../forms.ts'
import type { Feed, FeedParts, RecordedExchange } from '../index.ts'
import { FileBatch } from './batch.ts'
import type { FileFormat, FileWriter } from './format.ts'
import { openJsonLines } from './json-lines.ts'
import { openParquet } from './parquet.ts'
import type { FilePlace } from './place.ts'

/** What the files hold, whatever the place. */
export interface FilingSettings extends RecordSettings {
  readonly format: 'jsonl' | 'parquet'
}

const formats = { jsonl: openJsonLines, parquet: openParquet } as const

/** @param placeOf makes the place, with the format that counts the records of a file there. */
export async function openFiling(
  settings: FilingSettings,
  parts: FeedParts,
  placeOf: (format: FileFormat) => FilePlace,
): Promise<Feed> {
  const { format, form, columns, bodies } = settings
  const opened = await formats[format](columnsOf(form, columns, bodies))
  return new FilingFeed(placeOf(opened), settings, opened, parts)
}

class FilingFeed implements Feed {
  readonly #place: FilePlace
  readonly #withBodies: boolean
  /** Makes the parts of records with long bodies. */
  readonly #messages: MessageWriter
  readonly #format: FileFormat
  readonly #parts: FeedParts
  readonly #newId = uuidV7(systemClock)

  constructor(place: FilePlace, settings: FilingSettings, format: FileFormat, parts: FeedParts) {
    const { form, columns, bodies } = settings
    this.#place = place
    this.#withBodies = columnsOf(form, columns, bodies).some(({ isBody }) => isBody)
    this.#messages = new MessageWriter({ form, columns, bodies, gzip: false })
    this.#format = format
    this.#parts = parts
  }

  async take(exchanges: readonly RecordedExchange[]): Promise<void> {
    const batch = new FileBatch(name => this.#begin(name), `${this.#parts.name}-`, this.#format.extension, this.#newId)
    try {
      await this.#prepare()
      const aside: (readonly [RecordedExchange, string])[] = []
      for (const exchange of exchanges) {
        const reason = await this.#add(batch, exchange)
        if (reason !== null) aside.push([exchange, reason])
      }
      const files = await batch.finish()
      if (files.length > 0) await this.#place.publish(files)
      for (const { bytes } of files) this.#parts.sent(bytes)
      // Not before: a batch that fails comes again, and must not count them twice.
      for (const [exchange, reason] of aside) this.#parts.setAside(exchange, reason)
    } catch (error) {
      await batch.discard()
      throw this.#place.explain(error)
    } finally {
      await this.#clear()
    }
  }

  async close(): Promise<void> {
    await this.#format.close()
    await this.#clear()
  }

  /** An empty place for unfinished files: what a killed process left there is removed. */
  async #prepare(): Promise<void> {
    await this.#place.prepare()
    await rm(this.#place.temporary, { recursive: true, force: true })
    await mkdir(this.#place.temporary, { mode: 0o700 })
  }

  async #clear(): Promise<void> {
    await rm(this.#place.temporary, { recursive: true, force: true }).catch(() => {})
  }

  async #begin(name: string): Promise<{ readonly path: string; readonly writer: FileWriter }> {
    const path = join(this.#place.temporary, name)
    return { path, writer: await this.#format.begin(path) }
  }

  /** @returns why the record can never be written; null when it was. */
  async #add(batch: FileBatch, exchange: RecordedExchange): Promise<string | null> {
    const record = fedRecordOrReason(exchange, this.#withBodies)
    if (typeof record === 'string') return record
    const { partBytesMax } = this.#format
    if (partBytesMax !== null && hasLongBodies(record)) return this.#addParts(batch, exchange, partBytesMax)
    const writer = await batch.writerAt(exchange.closed.endedAtMs)
    await writer.add(record)
    return null
  }

  async #addParts(batch: FileBatch, exchange: RecordedExchange, bytesMax: number): Promise<string | null> {
    const parts = this.#partsOf(exchange, bytesMax)
    if (typeof parts === 'string') return parts
    const writer = await batch.writerAt(exchange.closed.endedAtMs)
    for (const { body } of parts) await writer.addPart?.(body)
    return null
  }

  /** @returns the reason where the record can never be written. */
  #partsOf(exchange: RecordedExchange, bytesMax: number): Iterable<RecordMessage> | string {
    try {
      return this.#messages.messages(exchange, bytesMax)
    } catch (error) {
      if (error instanceof UnsendableError) return error.message
      throw error
    }
  }
}
