/** nginx and Caddy in front of a gateway, with the configuration files of `deploy/` on free ports of loopback. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import type { ClientRequest, IncomingMessage } from 'node:http'
import { type RequestOptions, request } from 'node:https'
import { join } from 'node:path'
import { selfMadeCertificate } from '../../packages/simulator/src/entra/certificate.ts'
import { temporaryDirectory } from './directory.ts'
import { closedPort } from './ports.ts'
import { eventually, soon } from './wait.ts'
import type { Scope } from './world.ts'

const deploy = join(import.meta.dirname, '..', '..', 'deploy')

/** Address of the clients of `begin`: another one than that of the proxy. */
export const clientAddress = '127.0.0.2'

export interface TlsProxy {
  /** Begins a request over TLS. The caller ends it. */
  begin(path: string, options: Pick<RequestOptions, 'method' | 'headers'>): ClientRequest
}

interface Place {
  readonly directory: string
  readonly port: number
  /** Host and port of the gateway. */
  readonly gateway: string
  readonly certificate: string
  readonly key: string
}

interface Kind {
  readonly program: string
  /** Writes the files. @returns the arguments. */
  readonly prepare: (place: Place) => readonly string[]
}

const kinds = {
  nginx: {
    program: 'nginx',
    prepare({ directory, port, gateway, certificate, key }) {
      const site = changed(readFileSync(join(deploy, 'nginx', 'gatehouse.conf'), 'utf8'), {
        'server 127.0.0.1:8080;': `server ${gateway};`,
        'listen 443 ssl http2;': `listen 127.0.0.1:${port} ssl http2;`,
        '/etc/nginx/tls/openai.contoso.com.pem': certificate,
        '/etc/nginx/tls/openai.contoso.com.key': key,
      })
      writeFileSync(join(directory, 'site.conf'), site)
      const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      const http = [
        'access_log off;',
        ...folders.map(name => `${name}_temp_path ${join(directory, name)};`),
        'include site.conf;',
      ]
      const user = process.getuid?.() === 0 ? 'user root;\n' : ''
      const main = `${user}daemon off;\npid nginx.pid;\nevents {}\nhttp {\n${http.join('\n')}\n}\n`
      writeFileSync(join(directory, 'nginx.conf'), main)
      return ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr']
    },
  },
  caddy: {
    program: 'caddy',
    prepare({ directory, port, gateway, certificate, key }) {
      const site = changed(readFileSync(join(deploy, 'caddy', 'Caddyfile'), 'utf8'), {
        'openai.contoso.com {': `https://localhost:${port} {\n\tbind 127.0.0.1\n\ttls ${certificate} ${key}`,
        'reverse_proxy 127.0.0.1:8080 {': `reverse_proxy ${gateway} {`,
      })
      const path = join(directory, 'Caddyfile')
      writeFileSync(path, `{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}\n${site}`)
      return ['run', '--config', path, '--adapter', 'caddyfile']
    },
  },
} as const satisfies Record<string, Kind>

export type ProxyKind = keyof typeof kinds
export const proxyKinds: readonly ProxyKind[] = ['nginx', 'caddy']

/**
 * Starts the proxy and waits until the gateway answers through it. It ends with the test.
 * @throws Error when the program is not installed, or ends.
 */
export async function startProxy(t: Scope, kind: ProxyKind, gatewayUrl: string): Promise<TlsProxy> {
  const directory = temporaryDirectory(kind)
  const pair = selfMadeCertificate(Date.now())
  const certificate = join(directory, 'certificate.pem')
  const key = join(directory, 'key.pem')
  writeFileSync(certificate, pair.certificate)
  writeFileSync(key, pair.privateKey, { mode: 0o600 })
  const port = await closedPort()
  const { program, prepare } = kinds[kind]
  const args = prepare({ directory, port, gateway: new URL(gatewayUrl).host, certificate, key })
  const child = spawn(program, args, {
    cwd: directory,
    env: { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin`, HOME: directory },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  child.stdout.on('data', chunk => {
    said += String(chunk)
  })
  child.stderr.on('data', chunk => {
    said += String(chunk)
  })
  let failure: Error | null = null
  const ended = once(child, 'close').catch((cause: unknown) => {
    failure = new Error(`${program} cannot be started: install it (Debian: apt-get install ${program})`, { cause })
  })
  t.after(async () => {
    child.kill('SIGTERM')
    await soon(`${program} ends`, ended)
  })
  const proxy: TlsProxy = {
    begin(path, options) {
      const where = { host: '127.0.0.1', port, path, localAddress: clientAddress, servername: 'localhost' }
      const headers = { host: `localhost:${port}`, ...options.headers }
      const begun = request({ ...where, ...options, headers, ca: pair.certificate, agent: false })
      // Errors that a test does not wait for are those of a connection that the test broke.
      begun.on('error', () => {})
      return begun
    },
  }
  await eventually(`the gateway answers through ${program}`, async () => {
    if (failure !== null) throw failure
    if (child.exitCode !== null) throw new Error(`${program} has ended with ${child.exitCode}:\n${said}`)
    const asked = proxy.begin('/healthz', { method: 'GET' })
    asked.end()
    const answer = await answerOf(asked).catch(() => null)
    answer?.resume()
    return answer?.statusCode === 200 ? true : null
  })
  return proxy
}

/** The head of the answer. @throws Error when the connection breaks before. */
export async function answerOf(begun: ClientRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  begun.on('response', resolve)
  begun.on('error', reject)
  begun.on('close', () => reject(new Error('closed without an answer')))
  return soon('an answer through the proxy', promise)
}

/** Every text must be there exactly once: a test must not run with another file than the one that is published. */
function changed(text: string, replacements: Readonly<Record<string, string>>): string {
  return Object.entries(replacements).reduce((result, [from, to]) => {
    if (result.split(from).length !== 2) throw new Error(`"${from}" is not there exactly once`)
    return result.replace(from, () => to)
  }, text)
}
