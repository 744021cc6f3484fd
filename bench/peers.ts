/**
 * Other gateways, if they are installed: the same calls through them, for comparison. Here they check and store
 * nothing.
 */
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { dirname, join } from 'node:path'
import type { ProcessUsage } from './child.ts'
import type { Target } from './load.ts'
import { BenchError, Program } from './processes.ts'
import { chatPath, type Seat, type SeatContext, type SeatSpec } from './seats.ts'

/** A port that was free a moment ago: these programs cannot choose one and report it. */
function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ port: 0, host: '127.0.0.1' }, () => {
      const address = server.address()
      server.close(() => {
        if (address !== null && typeof address !== 'string') resolve(address.port)
        else reject(new BenchError('start_failed', 'no free port'))
      })
    })
  })
}

function accepts(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** Waits until the program listens. BenchError `start_failed` when it ends first, or after 20 s. */
async function listening(program: Program, port: number): Promise<void> {
  let ended = false
  program.onExit(() => {
    ended = true
  })
  const giveUpAt = Date.now() + 20_000
  while (!(await accepts(port))) {
    if (ended || Date.now() > giveUpAt) {
      await program.terminate()
      throw new BenchError('start_failed', program.epitaph())
    }
    await new Promise(resolve => setTimeout(resolve, 50))
  }
}

/** The process and the processes that it started, as Linux lists them. */
function family(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [pid, ...(children === '' ? [] : children.split(/\s+/).flatMap(child => family(Number(child))))]
}

/** CPU and memory of a program and its workers from `/proc`: in steps of one clock tick, 10 ms on most machines. */
function usageOf(pid: number, tickUs: number): ProcessUsage {
  let cpuUs = 0
  let rssBytes = 0
  for (const member of family(pid)) {
    // Fields 14 and 15 of stat are user and system time; counted from after the name, which may contain spaces.
    const fields = readFileSync(`/proc/${member}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    cpuUs += (Number(fields[11]) + Number(fields[12])) * tickUs
    const resident = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${member}/status`, 'utf8'))?.[1]
    rssBytes += Number(resident ?? 0) * 1_024
  }
  return { cpuUs, mainThreadCpuUs: null, rssBytes }
}

function peerSeat(name: string, program: Program, target: Target): Seat {
  const tickUs = 1_000_000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
  return {
    name,
    target,
    unlimited: null,
    usage: async () => usageOf(program.pid, tickUs),
    settle: async () => {},
    tally: async () => null,
    stop: () => program.terminate(),
  }
}

function nginxConfiguration(directory: string, upstream: string, port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map(kind => `  ${kind}_temp_path ${directory}/${kind};`)
    .join('\n')
  // Started by root, nginx would run its worker as another user, who cannot enter this directory.
  return `${process.getuid?.() === 0 ? 'user root;\n' : ''}daemon off;
worker_processes 1;
worker_rlimit_nofile 16384;
pid ${directory}/nginx.pid;
error_log ${directory}/error.log error;
events { worker_connections 8192; }
http {
  access_log off;
${temporary}
  client_max_body_size 64m;
  client_body_buffer_size 1m;
  keepalive_requests 100000000;
  upstream backend { server ${upstream}; keepalive 256; keepalive_requests 100000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://backend;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
      proxy_read_timeout 60s;
    }
  }
}
`
}

async function startNginx(context: SeatContext): Promise<Seat> {
  const directory = join(context.directory, `nginx-${context.run}`)
  mkdirSync(directory)
  const port = await freePort()
  const file = join(directory, 'nginx.conf')
  writeFileSync(file, nginxConfiguration(directory, new URL(context.upstreamUrl).host, port))
  const programArguments = ['-p', directory, '-e', join(directory, 'error.log'), '-c', file]
  const options = { name: `nginx-${context.run}`, core: context.cores.server, directory: context.directory }
  const program = new Program('nginx', programArguments, options, false)
  await listening(program, port)
  return peerSeat('nginx', program, { url: `http://127.0.0.1:${port}${chatPath}`, headers: {} })
}

const portkeyManifest = join(dirname(import.meta.dirname), 'node_modules', '@portkey-ai', 'gateway', 'package.json')

/** The file that starts it: the only entry of `bin`. */
function portkeyProgram(): string {
  const manifest = JSON.parse(readFileSync(portkeyManifest, 'utf8')) as { bin?: string | Record<string, string> }
  const file = typeof manifest.bin === 'string' ? manifest.bin : Object.values(manifest.bin ?? {})[0]
  if (file === undefined) throw new BenchError('peer_missing', '@portkey-ai/gateway has no program')
  return join(dirname(portkeyManifest), file)
}

async function startPortkey(context: SeatContext): Promise<Seat> {
  const port = await freePort()
  const options = {
    name: `portkey-${context.run}`,
    core: context.cores.server,
    directory: context.directory,
    env: { NODE_ENV: 'production' },
  }
  const program = new Program(process.execPath, [portkeyProgram(), '--headless', `--port=${port}`], options, false)
  await listening(program, port)
  return peerSeat('portkey', program, {
    url: `http://127.0.0.1:${port}/v1/chat/completions`,
    headers: {
      authorization: 'Bearer not-looked-at',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `${context.upstreamUrl}/v1`,
    },
  })
}

export interface Peers {
  readonly present: readonly SeatSpec[]
  /** A line for each peer that is not installed. */
  readonly missing: readonly string[]
}

export function findPeers(): Peers {
  const present: SeatSpec[] = []
  const missing: string[] = []
  if (process.platform !== 'linux') {
    return { present, missing: ['peers are measured on Linux only: their CPU time is read from /proc'] }
  }
  if (spawnSync('nginx', ['-v'], { stdio: 'ignore' }).status === 0) present.push({ name: 'nginx', start: startNginx })
  else missing.push('nginx is not on the PATH')
  if (existsSync(portkeyManifest)) present.push({ name: 'portkey', start: startPortkey })
  else missing.push('@portkey-ai/gateway is not in node_modules')
  return { present, missing }
}
