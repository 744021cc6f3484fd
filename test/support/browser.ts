/** A real headless browser that opens one page of the test and reports what the page's script found. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { soon } from './wait.ts'
import type { Scope } from './world.ts'

export interface Pages {
  /**
   * Origin of the pages: `http://127.0.0.1:PORT`. The same pages are at `http://localhost:PORT`, which is another
   * origin.
   */
  readonly port: number
  /**
   * Opens a page at this origin that runs the script, the body of an async function.
   * @returns the script's result, converted to JSON and back.
   */
  run(origin: string, script: string): Promise<unknown>
}

/** Closed after the test. Needs `chromium` on the path (`scripts/packages.ts`). */
export async function startPages(t: Scope): Promise<Pages> {
  let script = ''
  let found: (result: unknown) => void = () => {}
  const server = createServer((request, response) => {
    if (request.url !== '/found') {
      const page = `<!doctype html><script>(async () => {
        const result = await (async () => { ${script} })().catch(error => ({ threw: String(error) }))
        await fetch('/found', { method: 'POST', body: JSON.stringify(result) })
      })()</script>`
      response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(request.url === '/' ? page : '')
      return
    }
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      response.writeHead(204).end()
      found(JSON.parse(Buffer.concat(chunks).toString()))
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    async run(origin, body) {
      script = body
      const { promise, resolve } = Promise.withResolvers<unknown>()
      found = resolve
      const profile = await mkdtemp(join(tmpdir(), 'gatehouse-browser-'))
      const browser = spawn(
        'chromium',
        [
          '--headless',
          // Root has no sandbox; the page belongs to the test.
          '--no-sandbox',
          '--disable-gpu',
          '--disable-dev-shm-usage',
          '--no-first-run',
          '--disable-background-networking',
          // The browser would use the machine's proxies and names: the pages are on loopback.
          '--no-proxy-server',
          `--user-data-dir=${profile}`,
          '--remote-debugging-port=0',
          `${origin}/`,
        ],
        { stdio: ['ignore', 'ignore', 'pipe'] },
      )
      let output = ''
      browser.stderr.on('data', chunk => {
        output = `${output}${String(chunk)}`.slice(-2_000)
      })
      const ended = once(browser, 'close')
      const died = ended.then(
        () => Promise.reject(new Error(`chromium ended before the page was done: ${output}`)),
        (error: NodeJS.ErrnoException) =>
          Promise.reject(new Error(`chromium, of Debian's package chromium, cannot be started (${error.code})`)),
      )
      died.catch(() => {})
      try {
        return await soon('the page is done', Promise.race([promise, died]), 60_000)
      } finally {
        browser.kill('SIGKILL')
        await ended.catch(() => {})
        await rm(profile, { recursive: true, force: true, maxRetries: 5 })
      }
    },
  }
}
