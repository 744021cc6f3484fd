/** Compares an export with its manifest. */
import { open, stat } from 'node:fs/promises'
import { codeOf } from '../../errors.ts'
import { CliError } from '../errors.ts'
import { readManifest, readThrough } from './draft.ts'
import { LineFault, LineSums, type Sums } from './line-sums.ts'
import { type Manifest, manifestFormat } from './manifest.ts'

/** @returns the manifest of a file that is as it was written. @throws CliError export_changed and others */
export async function verifyExport(path: string): Promise<Manifest> {
  await requireFile(path)
  const manifest = await readManifest(path)
  if (manifest.format !== manifestFormat) {
    const what = 'The manifest is of another form.'
    throw new CliError('manifest_unreadable', what, `This command knows ${manifestFormat}.`)
  }
  const sums = await sumsOf(path)
  const wrong = differences(manifest, sums)
  if (wrong.length === 0) return manifest
  const what = `${path} is not as it was exported.`
  throw new CliError('export_changed', what, `The manifest says otherwise: ${wrong.join('; ')}.`, 'export it again')
}

async function requireFile(path: string): Promise<void> {
  const found = await stat(path).catch(() => null)
  if (found?.isFile() !== true) throw new CliError('file_missing', `There is no file ${path}.`)
}

async function sumsOf(path: string): Promise<Sums> {
  const file = await open(path, 'r').catch(error => {
    throw new CliError('file_unreadable', `The file ${path} cannot be read (${codeOf(error)}).`)
  })
  const lines = new LineSums()
  try {
    await readThrough(file, lines)
  } catch (error) {
    if (!(error instanceof LineFault)) throw error
    throw new CliError('export_changed', `${path} is not as it was exported.`, error.message, 'export it again')
  } finally {
    await file.close()
  }
  if (lines.openBytes === 0) return lines.sums()
  const why = `Its last line, after ${lines.records} records, has no end.`
  throw new CliError('export_changed', `${path} is not as it was exported.`, why, 'export it again')
}

function differences(manifest: Manifest, sums: Sums): string[] {
  const compared = ['bytes', 'sha256', 'records', 'calls', 'tokens', 'costs', 'newest', 'oldest'] as const
  return compared.flatMap(name => {
    const [said, found] = [JSON.stringify(manifest[name]), JSON.stringify(sums[name])]
    return said === found ? [] : [`${name} ${said}, but the file has ${found}`]
  })
}
