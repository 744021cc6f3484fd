/** For tests: Azurite, Microsoft's emulator of Azure Blob Storage, in this process, and a proxy before it. */
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import type { TestContext } from 'node:test'
import { ContainerClient } from '@azure/storage-blob'
import { temporaryDirectory } from '../../../../../../test/support/directory.ts'

/** Azurite has no types. */
interface AzuriteServer {
  start(): Promise<void>
  close(): Promise<void>
  getHttpServerAddress(): string
}
type Constructor<T> = new (...options: readonly unknown[]) => T

const require = createRequire(import.meta.url)
const { default: Configuration } = require('azurite/dist/src/blob/BlobConfiguration.js') as {
  readonly default: Constructor<object>
}
const { default: Server } = require('azurite/dist/src/blob/BlobServer.js') as {
  readonly default: Constructor<AzuriteServer>
}

/** The account that Azurite brings, and its key, which its documentation publishes. */
export const azuriteAccount = 'devstoreaccount1'
export const azuriteKey = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=='

export interface Azurite {
  /** Blob endpoint of the account. */
  readonly account: string
  readonly connectionString: string
  /** A client that may do everything. */
  container(name: string): ContainerClient
}

/** Ends with the test. @param tls PEM files, for tokens: Azurite then accepts tokens that are well-formed. */
export async function startAzurite(
  t: Pick<TestContext, 'after'>,
  tls: { readonly certificate: string; readonly privateKey: string } | null = null,
): Promise<Azurite> {
  const directory = temporaryDirectory('ledger')
  const files = tls === null ? ['', ''] : [join(directory, 'certificate.pem'), join(directory, 'key.pem')]
  if (tls !== null)
    for (const [index, text] of [tls.certificate, tls.privateKey].entries()) writeFileSync(files[index] ?? '', text)
  const [certificate, key] = files
  // Its parameters have no names: address, port, keep-alive in seconds, files of its tables, places of content, access
  // log (3), debug log (2), loose, any version of the protocol, certificate, key, password, tokens, product-style
  // addresses, content in memory.
  const server = new Server(
    new Configuration(
      ...['127.0.0.1', 0, 5, join(directory, 'blobs.json'), join(directory, 'extents.json'), []],
      ...[false, undefined, false, undefined, false, true, certificate, key, ''],
      ...[tls === null ? undefined : 'basic', false, true],
    ),
  )
  await server.start()
  t.after(() => server.close())
  const account = `${server.getHttpServerAddress()}/${azuriteAccount}`
  const scheme = tls === null ? 'http' : 'https'
  const connectionString = `DefaultEndpointsProtocol=${scheme};AccountName=${azuriteAccount};AccountKey=${azuriteKey};BlobEndpoint=${account};`
  return { account, connectionString, container: name => new ContainerClient(connectionString, name) }
}

/** What a proxy does with a request: `forward`, or something that breaks. */
export type Fate =
  | 'forward'
  /** An answer of the account that is overloaded. */
  | 'busy'
  /** The connection ends after a part of the request has arrived. */
  | 'cut'
  /** The account gets the request, and its answer is lost. */
  | 'lose-answer'
  /** Nothing happens any more. */
  | 'swallow'

export interface FaultyProxy {
  /** Blob endpoint of the account, through the proxy. */
  readonly account: string
  /** Method and path with query of all requests. */
  readonly seen: readonly string[]
}

/** @param fateOf is asked for each request: `PUT /devstoreaccount1/ledger/...?comp=block...` */
export async function startFaultyProxy(
  t: TestContext,
  azurite: Azurite,
  fateOf: (request: string) => Fate,
): Promise<FaultyProxy> {
  const target = new URL(azurite.account)
  const seen: string[] = []
  const server = createServer((request, response) => {
    const line = `${request.method} ${request.url}`
    seen.push(line)
    // A cut connection is what these tests are about.
    request.on('error', () => {})
    meet(fateOf(line), request, response, target)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { account: `http://127.0.0.1:${port}${target.pathname}`, seen }
}

function meet(fate: Fate, request: IncomingMessage, response: ServerResponse, target: URL): void {
  switch (fate) {
    case 'swallow':
      return
    case 'busy':
      request.resume()
      response.writeHead(503, { 'x-ms-error-code': 'ServerBusy', 'content-type': 'application/xml' })
      response.end('<?xml version="1.0"?><Error><Code>ServerBusy</Code><Message>busy</Message></Error>')
      return
    case 'cut':
      request.once('data', () => request.socket.destroy())
      return
    case 'forward':
    case 'lose-answer':
      forward(fate, request, response, target)
      return
    default:
      fate satisfies never
  }
}

function forward(
  fate: 'forward' | 'lose-answer',
  request: IncomingMessage,
  response: ServerResponse,
  target: URL,
): void {
  const { method, headers, url } = request
  const onward = httpRequest({ host: target.hostname, port: target.port, method, headers, path: url }, answer => {
    if (fate === 'lose-answer') {
      answer.resume().once('end', () => request.socket.destroy())
      return
    }
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(response)
  })
  onward.on('error', () => response.destroy())
  request.pipe(onward)
}

/** Writes blobs of a container to a directory, under their names. @returns the names. */
export async function downloadAll(
  container: ContainerClient,
  directory: string,
  isRead: (name: string) => boolean = () => true,
): Promise<string[]> {
  const names = (await blobNames(container)).filter(isRead)
  for (const name of names) {
    const path = join(directory, name)
    mkdirSync(dirname(path), { recursive: true })
    await container.getBlobClient(name).downloadToFile(path)
  }
  return names
}

export async function blobNames(container: ContainerClient): Promise<string[]> {
  const names: string[] = []
  for await (const { name } of container.listBlobsFlat()) names.push(name)
  return names
}
