import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { workerUrl } from '../../worker-url.ts'
import { LedgerError } from '../index.ts'
import { type LedgerQuery, type QueryAnswer, QueryFault, queryStartMs, tooMuchMemory } from './index.ts'
import type { FromQuery, QueryTask, SnapshotFiles, TaskBodies } from './messages.ts'

const bounds = { bytesMax: 8 * 1_048_576, memoryMb: 384, processMb: 768 }
/** With bodies, which are copied into the memory of the process. */
const boundsOfBodies = { ...bounds, memoryMb: 640, processMb: 1_280 }
/** Heap of JavaScript in the process, in megabytes. */
const heapMb = 256

/**
 * Answers a question in a process of its own, which is killed when its time is over or `signal` is aborted. Rejects
 * with a `QueryFault`, or with a `LedgerError` `ledger_busy` where the process could not be started.
 */
export async function runQuery(
  query: LedgerQuery,
  from: { readonly snapshot: SnapshotFiles; readonly bodies: TaskBodies | null },
  signal: AbortSignal,
): Promise<QueryAnswer> {
  if (signal.aborted) throw gone()
  const script = fileURLToPath(workerUrl('./worker.ts', import.meta.url))
  const child = spawn(process.execPath, [`--max-old-space-size=${heapMb}`, script], {
    env: {},
    cwd: '/',
    stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
    serialization: 'advanced',
  })
  const { promise, resolve, reject } = Promise.withResolvers<QueryAnswer>()
  const stop = (): void => reject(gone())
  let timer = setTimeout(() => reject(slow()), queryStartMs)
  const began = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => reject(tooLong(query.timeoutMs)), query.timeoutMs)
  }
  signal.addEventListener('abort', stop, { once: true })
  listen(child, { began, resolve, reject })
  const task: QueryTask = { ...query, ...(from.bodies === null ? bounds : boundsOfBodies), ...from }
  child.send(task, error => {
    if (error !== null) reject(broken(error.message))
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
    child.kill('SIGKILL')
  }
}

interface Listener {
  readonly began: () => void
  readonly resolve: (answer: QueryAnswer) => void
  readonly reject: (error: Error) => void
}

function listen(child: ChildProcess, { began, resolve, reject }: Listener): void {
  const pieces: Buffer[] = []
  let received = 0
  let done: Extract<FromQuery, { readonly kind: 'done' }> | null = null
  const settle = (): void => {
    if (done === null || received < done.bytes) return
    const { rows, truncated, elapsedMs } = done
    resolve({ json: Buffer.concat(pieces), rows, truncated, elapsedMs })
  }
  child.stdout?.on('data', (piece: Buffer) => {
    received += piece.byteLength
    if (received > 2 * bounds.bytesMax) reject(broken('the answer is longer than it may be'))
    pieces.push(piece)
    settle()
  })
  child.on('message', (message: FromQuery) => {
    if (message.kind === 'fault') reject(new QueryFault(message.code, message.message, message.place))
    else if (message.kind === 'broken') reject(broken(message.message))
    else if (message.kind === 'began') began()
    else {
      done = message
      settle()
    }
  })
  child.on('error', error => reject(broken(error.message)))
  // It kills itself where it uses too much memory, as does the kernel.
  child.on('close', (_, by) => reject(new QueryFault('query_stopped', by === 'SIGKILL' ? tooMuchMemory : ended)))
}

const ended =
  'The query ended the process that ran it, by a fault of DuckDB. The gateway goes on. Write it in another way.'

function tooLong(ms: number): QueryFault {
  const message = `The query took longer than ${ms / 1_000} seconds and was stopped. Narrow the time with started_at, or give it more time.`
  return new QueryFault('query_stopped', message)
}

function slow(): LedgerError {
  const message = `The query could not begin within ${queryStartMs / 1_000} seconds: the machine is busy, or your records are too many to be copied. Try again.`
  return new LedgerError('ledger_busy', message)
}

function gone(): QueryFault {
  return new QueryFault('query_stopped', 'The query was stopped before it had an answer.')
}

function broken(cause: string): LedgerError {
  const message = 'The query could not be run. Try again; if it lasts, the log of the gateway says why.'
  return new LedgerError('ledger_busy', message, { cause })
}
