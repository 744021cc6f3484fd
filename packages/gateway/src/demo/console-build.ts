/** Builds the console's page in a process of its own, at most once for the same sources, while the gateway serves. */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Log } from '../log.ts'

/** In the checkout; a published package has the built page and no sources. */
const script = join(import.meta.dirname, '..', '..', '..', 'console', 'scripts', 'build.ts')

/** @returns a function that ends the build. What is built by then stays whole: the page is replaced in one step. */
export function buildConsole(log: Log): () => Promise<void> {
  if (!existsSync(script)) return async () => {}
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-4_000)
  })
  let isWanted = true
  const ended = new Promise<void>(resolve => {
    const failed = (reason: string): void => {
      if (isWanted) log.error({ reason, next: 'npm run build -w packages/console' }, 'console_not_built')
      resolve()
    }
    child.on('error', ({ message }) => failed(message))
    child.on('close', code => (code === 0 ? resolve() : failed(firstLine(said))))
  })
  return async () => {
    isWanted = false
    child.kill()
    await ended
  }
}

function firstLine(text: string): string {
  const lines = text.split('\n').map(line => line.trim())
  return lines.find(line => /error/i.test(line)) ?? lines.find(line => line !== '') ?? 'the build gave no reason'
}
