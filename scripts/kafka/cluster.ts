/** Apache Kafka on loopback: one node or three in KRaft mode, each a broker and a controller. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import { fetchKafka } from './fetch.ts'
import { type KafkaSecurity, type Listener, type Ports, serverProperties } from './settings.ts'

export interface KafkaOptions {
  /** Default 1. */
  readonly nodes?: 1 | 3
  /** Adds the listeners `tls`, `sasl` and `sasltls`. */
  readonly security?: KafkaSecurity
  /** Settings of every node, beside those of settings.ts. */
  readonly properties?: Readonly<Record<string, string>>
}

/** Main classes of Kafka's own programs. */
const programs = {
  storage: 'kafka.tools.StorageTool',
  server: 'kafka.Kafka',
  consume: 'org.apache.kafka.tools.consumer.ConsoleConsumer',
  produce: 'org.apache.kafka.tools.ConsoleProducer',
} as const

const keysName = 'keys.json'
const startMsMax = 90_000
const programMsMax = 600_000

export class KafkaCluster {
  readonly #directory = mkdtempSync(join(tmpdir(), 'gatehouse-kafka-'))
  readonly #jars: string
  readonly #nodes: Node[] = []

  private constructor(jars: string) {
    this.#jars = jars
  }

  /** Resolves when every node answers. @throws KafkaMissing when Maven does not get it. */
  static async start(options: KafkaOptions = {}): Promise<KafkaCluster> {
    const cluster = new KafkaCluster(fetchKafka())
    try {
      await cluster.#format(options)
      await Promise.all(cluster.#nodes.map(node => node.start()))
    } catch (error) {
      await cluster.close()
      throw error
    }
    return cluster
  }

  /** `127.0.0.1:PORT` of every node. */
  brokers(listener: Listener = 'plain'): string[] {
    return this.#nodes.map(({ ports }) => `127.0.0.1:${ports[listener]}`)
  }

  /** Ends the node as an operator does (SIGTERM). @param node from 1. */
  stop(node = 1): Promise<void> {
    return this.#node(node).end('SIGTERM')
  }

  /** Ends the node as a crash does (SIGKILL). */
  kill(node = 1): Promise<void> {
    return this.#node(node).end('SIGKILL')
  }

  /** Starts a node that was ended, on its ports and directory. */
  restart(node = 1): Promise<void> {
    return this.#node(node).start()
  }

  /** A file that the nodes and programs of the test can read. @returns its path. */
  file(name: string, text: string): string {
    const path = join(this.#directory, name)
    writeFileSync(path, text)
    return path
  }

  async close(): Promise<void> {
    await Promise.all(this.#nodes.map(node => node.end('SIGKILL')))
    rmSync(this.#directory, { recursive: true, force: true })
  }

  #node(number: number): Node {
    const node = this.#nodes[number - 1]
    if (node === undefined) throw new RangeError(`there is no node ${number}`)
    return node
  }

  async #format({ nodes = 1, security: given, properties = {} }: KafkaOptions): Promise<void> {
    const wanted: readonly Listener[] = ['plain', 'controller', ...(given ? (['tls', 'sasl', 'sasltls'] as const) : [])]
    const allPorts = await Promise.all(Array.from({ length: nodes }, () => freePorts(wanted)))
    const voters = allPorts.map(({ controller }, index) => `${index + 1}@127.0.0.1:${controller}`).join(',')
    const security = given === undefined ? null : { ...this.#securityFiles(given), given }
    const clusterId = randomBytes(16).toString('base64url')
    for (const [index, ports] of allPorts.entries()) {
      const node = index + 1
      const data = join(this.#directory, `data-${node}`)
      mkdirSync(data)
      const text = serverProperties({ node, nodes, ports, voters, data, security, properties })
      const path = this.file(`${node}.properties`, text)
      await runJava(this.#jars, programs.storage, [
        ...['format', `--cluster-id=${clusterId}`, '--config', path], // one id in 64 begins with a hyphen
        ...Object.entries(given?.users ?? {}).flatMap(([name, password]) =>
          ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap(mechanism => [
            '--add-scram',
            `${mechanism}=[name=${name},password=${password}]`,
          ]),
        ),
      ])
      this.#nodes.push(new Node(this.#jars, this.#directory, path, ports))
    }
  }

  #securityFiles({ certificate, privateKey, keys }: KafkaSecurity): { readonly pem: string; readonly jwks: string } {
    return { pem: this.file('node.pem', `${privateKey}${certificate}`), jwks: this.file(keysName, keys) }
  }
}

/** Runs Kafka's console producer to its end. @throws Error with its last words when it fails. */
export async function produceWithKafka(args: readonly string[], input: string): Promise<void> {
  await runJava(fetchKafka(), programs.produce, args, { input })
}

/**
 * Runs Kafka's console consumer to its end.
 * @param onLine is called with each line of its standard output.
 * @throws Error with its last words when it fails.
 */
export async function consumeWithKafka(args: readonly string[], onLine: (line: string) => void): Promise<void> {
  await runJava(fetchKafka(), programs.consume, args, { onLine })
}

/** Lines that a failed start shows. */
const lastLinesMax = 20

class Node {
  readonly ports: Ports
  readonly #jars: string
  readonly #properties: string
  readonly #keysPath: string
  #process: ChildProcess | null = null

  constructor(jars: string, directory: string, properties: string, ports: Ports) {
    this.#jars = jars
    this.#keysPath = join(directory, keysName)
    this.#properties = properties
    this.ports = ports
  }

  async start(): Promise<void> {
    // Without the property a broker reads key sets from no address.
    const keys = `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${pathToFileURL(this.#keysPath)}`
    const child = spawnJava(this.#jars, ['-Xmx256m', keys], programs.server, [this.#properties])
    this.#process = child
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const last: string[] = []
    const see = (line: string): void => {
      keepLast(last, line)
      if (line.includes('Kafka Server started')) resolve()
    }
    createInterface(child.stdout).on('line', see)
    createInterface(child.stderr).on('line', see)
    const fail = (what: string): void => reject(new Error(`Kafka ${what}:\n${last.join('\n')}`))
    const timer = setTimeout(() => fail(`did not start within ${startMsMax} ms`), startMsMax)
    child.once('error', error => fail(`could not be started (${error.message})`))
    child.once('close', code => fail(`ended with ${code}`))
    await promise.finally(() => clearTimeout(timer))
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process
    this.#process = null
    if (child === null || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'close')
    child.kill(signal)
    await ended
  }
}

function spawnJava(jars: string, options: readonly string[], main: string, args: readonly string[]) {
  return spawn(
    'java',
    [
      ...[...options, '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dfile.encoding=UTF-8'],
      `-Dlog4j2.configurationFile=${join(import.meta.dirname, 'log4j2.properties')}`,
      ...['-cp', join(jars, '*'), main, ...args],
    ],
    { stdio: ['pipe', 'pipe', 'pipe'] },
  )
}

interface JavaParts {
  readonly input?: string
  readonly onLine?: (line: string) => void
}

async function runJava(
  jars: string,
  main: string,
  args: readonly string[],
  { input = '', onLine = () => {} }: JavaParts = {},
): Promise<void> {
  const child = spawnJava(jars, ['-Xmx128m'], main, args)
  const timer = setTimeout(() => child.kill('SIGKILL'), programMsMax)
  const last: string[] = []
  createInterface(child.stdout).on('line', onLine)
  createInterface(child.stderr).on('line', line => keepLast(last, line))
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const [code] = (await once(child, 'close').finally(() => clearTimeout(timer))) as [number | null]
  if (code !== 0) throw new Error(`${main} ended with ${code ?? 'a signal'}:\n${last.join('\n')}`)
}

function keepLast(lines: string[], line: string): void {
  lines.push(line)
  if (lines.length > lastLinesMax) lines.shift()
}

async function freePorts(wanted: readonly Listener[]): Promise<Ports> {
  const servers = await Promise.all(
    wanted.map(async name => {
      const server = createServer()
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      return { name, server }
    }),
  )
  const ports = Object.fromEntries(servers.map(({ name, server }) => [name, (server.address() as AddressInfo).port]))
  await Promise.all(servers.map(({ server }) => new Promise(resolve => server.close(resolve))))
  return ports
}
