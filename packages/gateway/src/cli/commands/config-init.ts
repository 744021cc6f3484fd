/** `gatehouse config init`: a configuration to start from. */
import { writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Command } from 'commander'
import { exampleText } from '../../config/example.ts'
import { jsonSchemaText } from '../../config/json-schema.ts'
import type { CliContext } from '../context.ts'
import { CliError } from '../errors.ts'
import { forPeople } from '../terminal/people.ts'
import { jsonText } from '../terminal/printable.ts'
import { configFileDefault } from './config-file.ts'

export function initCommand(context: CliContext): Command {
  return new Command('init')
    .description('write an annotated configuration to start from, and its JSON Schema for editors')
    .argument('[file]', 'file to write', configFileDefault)
    .option('--force', 'overwrite what is there')
    .action(async (file: string, options: { force?: true }) => {
      const path = resolve(context.cwd, file)
      await writeNew(path, await exampleText(), options.force === true)
      // Written beside the configuration, under the name in its first line. An existing schema is kept.
      const schema = join(dirname(path), 'gatehouse.schema.json')
      const schemaWritten = await writeNew(schema, jsonSchemaText(), options.force === true).catch((error: unknown) => {
        if (error instanceof CliError && error.code === 'file_exists') return null
        throw error
      })
      const files = schemaWritten === null ? [path] : [path, schemaWritten]
      const text = `written: ${files.join(', ')}\nNext: fill in your tenant, instances and workloads, then: gatehouse config check ${file}\n`
      context.stdout.write(context.json ? `${jsonText({ files })}\n` : forPeople(text, context))
    })
}

async function writeNew(path: string, text: string, overwrite: boolean): Promise<string> {
  try {
    await writeFile(path, text, { flag: overwrite ? 'w' : 'wx' })
    return path
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown'
    if (code === 'EEXIST') {
      throw new CliError('file_exists', `${path} is there already.`, 'It was left as it is.', 'the same with --force', {
        cause,
      })
    }
    throw new CliError('file_unwritable', `${path} cannot be written.`, `The system says ${code}.`, 'another path', {
      cause,
    })
  }
}
